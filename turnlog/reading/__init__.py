"""Questions to the log as it is: find, add up, follow, verify."""
