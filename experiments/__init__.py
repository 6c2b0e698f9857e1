"""One folder for each figure or table of the paper; README.md here explains how to add one."""
