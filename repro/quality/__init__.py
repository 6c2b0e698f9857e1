"""How near generated images are to real ones.

`Nearest` (neighbours.py) finds exact nearest neighbours; `polynomial_mmd` and `sharpness` are in
kernel_distance.py; fid.py has FID and KID, with weights that the user provides.
"""
