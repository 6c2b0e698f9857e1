"""Raw downloads -> prepared datasets. One module is one source; README.md shows how to add one."""
