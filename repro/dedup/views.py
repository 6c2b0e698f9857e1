"""Views of pictures: what people do to photos they post again, drawn at random on 32x32 pictures.

Where in the flow: `repro.dedup.autoencoder` trains on them with `corruption: views`: a view goes
in, the original picture comes out. The paper (§4.1.1) says "de-noising" and not which noise;
undoing what makes near-duplicates is one reading of it. A whole minibatch is changed at once, in
PyTorch, and each kind is applied to half of the pictures, in the order of the table:

| kind       | strength, drawn with equal probability                                           |
|------------|----------------------------------------------------------------------------------|
| crop       | share of width and of height cut off, 0 to 0.15 each; the rest at any place       |
| shift      | pixels of 32, up to 1.5 in either direction; the border is mirrored               |
| rescale    | down to 16 to 32 pixels (area means) and up again (bilinear)                      |
| recompress | rounding of the 8x8 cosine coefficients to multiples of up to 16 grey levels      |
| noise      | standard deviation of up to 10 grey levels                                        |
| brightness | factor of 0.6 to 1.5 on all values, clipped at white                              |
| grey       | 1: the luma (ITU-R BT.601) in all three channels                                  |

Alone: `views(pictures, source=torch_generator(42, "a look"))`.
"""

SHARE = 0.5  # of the pictures to which a kind is applied
MOST_CROPPED = 0.15
MOST_SHIFTED = 1.5  # pixels
LEAST_SIDE = 16  # pixels
COARSEST = 16 / 255
MOST_NOISE = 10 / 255
DIMMEST, BRIGHTEST = 0.6, 1.5
LUMA = (0.299, 0.587, 0.114)
