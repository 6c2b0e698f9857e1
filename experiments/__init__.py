"""One folder for each figure, table or question; README.md here explains how to add one."""
