"""Raw downloads -> prepared datasets. One module = one source; README.md tells how to add one."""
