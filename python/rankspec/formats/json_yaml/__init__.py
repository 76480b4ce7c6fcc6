"""Reads Protobuf's JSON form, written as JSON or as YAML."""
