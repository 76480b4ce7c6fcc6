# %% [markdown]
# # A first ranker
#
# From a table to a ranked list, cell by cell: as a script, or in an editor or notebook that knows `# %%`. It takes
# `pip install 'rankspec[train]'` and a minute. What it writes goes to `build/first_ranker`.

# %%
from pathlib import Path

import numpy as np
import pyarrow as pa

import rankspec

FOLDER = Path("build/first_ranker")

# %% [markdown]
# ## The table
#
# Visits to a shop: who saw which item, at which price, and whether it was bought. Here they are drawn by a rule, so
# that we know what there is to find: older customers like other kinds of things than younger ones, and cheap things
# sell better.

# %%
rng = np.random.default_rng(0)
NUM_VISITS, NUM_CUSTOMERS, NUM_ITEMS = 5_000, 150, 40
KINDS = np.array(["books", "tools", "toys", "games"])
age, price = rng.integers(18, 80, NUM_CUSTOMERS), np.round(rng.gamma(2.0, 10.0, NUM_ITEMS), 2)
kind = rng.integers(0, len(KINDS), NUM_ITEMS)
# Nobody sees an item twice.
customer, item = np.divmod(rng.permutation(NUM_CUSTOMERS * NUM_ITEMS)[:NUM_VISITS], NUM_ITEMS)
liking = (age[customer] - 50) / 15 * np.array([1.5, 1.0, -1.0, -1.5])[kind[item]]
chance = 1 / (1 + np.exp(price[item] / 20 - liking))
visits = pa.table(
    {
        "customer_id": [f"customer {number}" for number in customer],
        "item_id": [f"item {number}" for number in item],
        "age": age[customer],
        "kind": KINDS[kind[item]],
        "price": price[item],
        "bought": (rng.random(NUM_VISITS) < chance).astype(np.int64),
    }
)
visits.slice(0, 3).to_pylist()

# %% [markdown]
# ## From the table to a data set
#
# `import_table` finds out what each column is, divides the rows into training, validation and test parts, and writes a
# data set with a config that trains on it. A `key` tells rows apart, and travels with them.

# %%
shop = rankspec.import_table(visits, FOLDER / "shop", label="bought", key=["customer_id", "item_id"])
for warning in shop.warnings:
    print(warning)

# %% [markdown]
# ## Training
#
# The config says what is trained, for how long, and where the run goes. `set` lays single values over it.

# %%
run = rankspec.Run(shop.folder / "config.textproto", set={"training.save_dir": FOLDER / "run"})
losses: dict[int, float] = {}


def follow(report: rankspec.Report) -> None:
    """Keeps the validation loss of each evaluation."""
    if report.split == "validation":
        losses[report.step] = report.figures["loss"]


run.train(on_report=follow)
print(f"the best of the checkpoints {run.checkpoints} is that of step {run.best}")

# %% [markdown]
# ## Is it any good?
#
# The test part took no part in choosing the checkpoint. An area under the curve of 0.5 would be chance.

# %%
test = run.evaluate()["test"]
print(f"step {test.step}: AUROC {test.figures['auroc/bought']:.3f} on the test part")
assert test.figures["auroc/bought"] > 0.7

# %% [markdown]
# ## A ranked list
#
# Of what each customer sees in the test part, the three items that are bought most likely; and one customer's list.

# %%
lists = run.predict(split="test", carry=["customer_id", "item_id"], top=3, by="customer_id", rank_by="bought")
someone = next(row["customer_id"] for row in lists.to_pylist() if row["rank"] == 3)
print(f"for {someone}:")
for row in lists.to_pylist():
    if row["customer_id"] == someone:
        print(f"{row['rank']}. {row['item_id']}: bought with probability {row['bought']:.2f}")

# %% [markdown]
# ## Rows as they come
#
# What is asked later has no labels, and looks as the table did: the data set's recipe encodes it, as it encoded the
# table. Here it is all that one customer has not seen yet.

# %%
who = customer[0]
unseen = np.setdiff1d(np.arange(NUM_ITEMS), item[customer == who])
asked = pa.table(
    {
        "customer_id": [f"customer {who}"] * len(unseen),
        "item_id": [f"item {number}" for number in unseen],
        "age": age[[who] * len(unseen)],
        "kind": KINDS[kind[unseen]],
        "price": price[unseen],
    }
)
for row in run.predict(asked, carry=["item_id"], top=3, by="customer_id", rank_by="bought").to_pylist():
    print(f"{row['customer_id']}, {row['rank']}. {row['item_id']}: bought with probability {row['bought']:.2f}")

# %% [markdown]
# ## Later
#
# The run is in its folder: another session opens it there and goes on.

# %%
later = rankspec.Run.open(FOLDER / "run")
print(later, later.best, later.metrics.num_rows)
