"""Images from bytes to prepared datasets.

`ImageStore` (store.py) reads a prepared dataset, `StoreWriter` (store_writer.py) writes one,
`decode_square` (images.py) makes the square pixels of one image.
"""
