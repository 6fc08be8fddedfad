"""What keeps read models: catching up, rebuilding beside the live tables, leases, health."""
