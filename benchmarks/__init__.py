"""Speed and size of turnlog, as ratios to work done side by side in the same run."""
