"""Benchmarks: `python -m benchmarks`, or `make bench`.

A benchmark is a function that measures something of ours beside a baseline and returns a
`benchmarks.measuring.Measurement`, or a list of them. It has a line in `BENCHMARKS`.
"""

# Name, and the module and function that measure it.
BENCHMARKS = {
    "cold_check": "benchmarks.cold_check:run",
    "warm_load_validate": "benchmarks.warm_load_validate:run",
    "warm_load_validate_pydantic": "benchmarks.peers:warm_pydantic",
    "warm_load_validate_msgspec": "benchmarks.peers:warm_msgspec",
    "warm_load_validate_msgspec_json": "benchmarks.peers:warm_msgspec_json",
    "fresh_load_validate_pydantic": "benchmarks.peers:fresh_pydantic",
    "fresh_load_validate_msgspec": "benchmarks.peers:fresh_msgspec",
    "fresh_load_validate_msgspec_json": "benchmarks.peers:fresh_msgspec_json",
    "load_go": "benchmarks.languages:load_go",
    "load_java": "benchmarks.languages:load_java",
    "load_typescript": "benchmarks.languages:load_typescript",
    "bounds": "benchmarks.bounds:run",
    "mutations": "benchmarks.mutations:run",
    "training_float32": "benchmarks.training:float32",
    "training_float32_over_unfused": "benchmarks.training:float32_over_unfused",
    "training_amp": "benchmarks.training:amp",
    "training_amp_over_unfused": "benchmarks.training:amp_over_unfused",
    "finite_checks_float32": "benchmarks.finite:float32",
    "finite_checks_amp": "benchmarks.finite:amp",
    "auroc_exact": "benchmarks.auroc:exact",
    "auroc_binned": "benchmarks.auroc:binned",
    "input_pipeline": "benchmarks.input_pipeline:run",
    "vectors": "benchmarks.vectors:run",
    "importing": "benchmarks.importing:run",
    "importing_on_spark": "benchmarks.importing:on_spark",
    "data_service": "benchmarks.data_service:run",
    "tfrecord": "benchmarks.tfrecord:run",
    "score_python": "benchmarks.serving:in_process",
    "score_go": "benchmarks.scoring_languages:score_go",
    "score_java": "benchmarks.scoring_languages:score_java",
    "score_typescript": "benchmarks.scoring_languages:score_typescript",
    "serve_grpc": "benchmarks.serving:over_grpc",
    "export_local_prod": "benchmarks.exporting:local_prod",
    "large_table": "benchmarks.large_bundle:one_table",
    "large_tables": "benchmarks.large_bundle:several_tables",
    "serve_many_clients": "benchmarks.serving_clients:many_clients",
    "serve_reload": "benchmarks.serving_reloads:under_load",
    "serve_reload_memory": "benchmarks.serving_reloads:memory",
    "checkpoint_blocked": "benchmarks.checkpointing:blocked",
    "checkpoint_slowdown": "benchmarks.checkpointing:slowdown",
}

# Run only where they are named: they install what nothing else needs, or take minutes or all of a machine.
ONLY_NAMED = {
    "importing",
    "importing_on_spark",
    "tfrecord",
    "large_table",
    "large_tables",
    "serve_many_clients",
    "serve_reload",
    "serve_reload_memory",
}
