"""One folder for each figure or table of the paper; README.md here tells how to add one."""
