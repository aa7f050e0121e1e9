"""Snapshots: key, manifest, store, capture, restore, plan."""
