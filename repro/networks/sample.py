"""Draw pictures with a trained generator: samples by seed, walks, sums and differences of samples.

    dcgan sample MODEL --seeds 0-63 --out samples      seed_0000.png ... and sheet.png
    dcgan sample MODEL --walk 3 17 42 --frames 60 --out walk        walk.webp, an animation
    dcgan sample MODEL --add 1 2 3 --subtract 4 5 6 --add 7 8 9 --out sum    sum.png

A seed stands for one z, and so for one picture, whatever else is drawn with it: the picture of seed
17 is the same alone, in a sheet and in a walk. --walk leads from seed to seed and back to the first
in a straight line through z, as in Fig 4 of the paper. --add and --subtract average the z of their
seeds, as in Fig 7 (man with glasses - man + woman), and may be repeated; the pictures of the parts
stand next to the result. --psi multiplies every z: below 1 the pictures are more alike and more
often good, above 1 less (truncation). A model with labels draws class k with --class k.

Where in the flow: after a training (repro.networks.model_folder); nothing else reads the pictures.
"""

import argparse
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from repro.artefacts.whole_file import atomic_write
from repro.command_line import above_zero, at_least_one, natural, new_parser
from repro.data.images import to_uint8
from repro.errors import UnusableError
from repro.figures.drawing import grid
from repro.networks.dcgan import GeneratorNetwork
from repro.networks.model_folder import ModelFolder

PURPOSE = "pictures by seed"
TOGETHER = 16  # pictures in every batch: the last is filled up, so that all get the same arithmetic
MOST = 100_000  # seeds in one call
FRAME_MS = 50  # of an animation, milliseconds


class Sampler:
    """Draws the pictures of z with the generator of a model, on the CPU.

    psi: factor on every z. label: class drawn by a generator with labels. Raises UnusableError for
    a label that the model does not have, or lacks.
    """

    def __init__(self, model: ModelFolder, *, psi: float = 1.0, label: int | None = None) -> None:
        classes = model.spec.network.classes
        if (label is None) != (classes == 0) or (label is not None and label >= classes):
            known = f"has the classes 0 to {classes - 1}: give one as --class"
            raise UnusableError(
                f"{model.folder} {known if classes else 'has no classes: leave --class out'}"
            )
        self.model, self.psi, self.label = model, psi, label
        self.G: GeneratorNetwork = model.generator()

    def latent(self, seed: int) -> Tensor:
        """z (z_dim,) of a seed, from the distribution with which the model was trained."""
        return self.model.latents(1, seed=seed, purpose=PURPOSE)[0]

    def mean_latent(self, seeds: Sequence[int]) -> Tensor:
        """Mean z (z_dim,) of some seeds."""
        return torch.stack([self.latent(seed) for seed in seeds]).mean(0)

    def pictures(self, seeds: Sequence[int]) -> np.ndarray:
        """Pictures of some seeds: (n, H, W, C) uint8."""
        return self.draw(torch.stack([self.latent(seed) for seed in seeds]))

    @torch.no_grad()
    def draw(self, z: Tensor) -> np.ndarray:
        """Pictures of z (n, z_dim): (n, H, W, C) uint8. Each depends on its own z alone."""
        parts = []
        for start in range(0, len(z), TOGETHER):
            part = self.psi * z[start : start + TOGETHER]
            full = torch.zeros(TOGETHER, z.shape[1])
            full[: len(part)] = part
            labels = None if self.label is None else torch.full((TOGETHER,), self.label)
            parts.append(to_uint8(self.G(full, labels), low=self.G.pixel_low)[: len(part)])
        return np.concatenate(parts)


def walk(sampler: Sampler, seeds: Sequence[int], *, frames: int) -> np.ndarray:
    """Pictures (frames, H, W, C) along straight lines from seed to seed, back to the first.

    Raises UnusableError for fewer than two seeds, or fewer frames than seeds.
    """
    if len(seeds) < 2 or frames < len(seeds):
        raise UnusableError(
            f"a walk needs two seeds or more and a frame for each, found {len(seeds)} seeds and "
            f"{frames} frames"
        )
    stops = torch.stack([sampler.latent(seed) for seed in (*seeds, seeds[0])])
    places = torch.arange(frames) * (len(seeds) / frames)
    first = places.long()
    share = (places - first)[:, None]
    return sampler.draw(torch.lerp(stops[first], stops[first + 1], share))


def arithmetic(
    sampler: Sampler, add: Sequence[Sequence[int]], subtract: Sequence[Sequence[int]]
) -> np.ndarray:
    """Pictures of the mean z of each part, those added first, and last that of their sum.

    (parts + 1, H, W, C) uint8.
    """
    plus, minus = ([sampler.mean_latent(seeds) for seeds in parts] for parts in (add, subtract))
    total = torch.stack([*plus, *(-z for z in minus)]).sum(0)
    return sampler.draw(torch.stack([*plus, *minus, total]))


def save_png(path: Path, picture: np.ndarray) -> None:
    """Write a picture (H, W, C) as it is, one pixel for each of its own."""
    with atomic_write(path) as temporary:
        _image(picture).save(temporary, format="PNG")


def save_walk(path: Path, frames: np.ndarray) -> None:
    """Write frames (n, H, W, C) as a WebP animation without loss, for ever."""
    first, *rest = (_image(frame) for frame in frames)
    with atomic_write(path) as temporary:
        first.save(
            temporary,
            format="WEBP",
            save_all=True,
            append_images=rest,
            duration=FRAME_MS,
            loop=0,
            lossless=True,
        )


def save_video(path: Path, frames: np.ndarray) -> bool:
    """Write the frames as an MP4 where ffmpeg is installed; returns whether it is."""
    program = shutil.which("ffmpeg")
    if program is None:
        return False
    with tempfile.TemporaryDirectory() as folder, atomic_write(path) as temporary:
        for number, frame in enumerate(frames):
            save_png(Path(folder, f"{number:06d}.png"), frame)
        words = [
            program, "-loglevel", "error", "-y", "-framerate", str(1000 // FRAME_MS),
            "-i", f"{folder}/%06d.png", "-pix_fmt", "yuv420p", "-f", "mp4", str(temporary),
        ]  # fmt: skip
        done = subprocess.run(words, capture_output=True, text=True)
        if done.returncode:
            raise UnusableError(f"{path}: ffmpeg failed: {done.stderr.strip()}")
    return True


def _image(picture: np.ndarray) -> Image.Image:
    return Image.fromarray(picture[:, :, 0] if picture.shape[2] == 1 else picture)


def seeds_of(text: str) -> list[int]:
    """At most `MOST` seeds in words such as "0-63" or "3,17,40-42", for `type=`."""
    found: list[int] = []
    for part in text.split(","):
        first, dash, last = part.partition("-")
        low, high = natural(first), natural(last if dash else first)
        if not low <= high < low + MOST:
            raise argparse.ArgumentTypeError(
                f"found '{part}', expected seeds in ascending order such as 0-63, {MOST:,} at most"
            )
        found += range(low, high + 1)
    if len(found) > MOST:
        raise argparse.ArgumentTypeError(f"found {len(found):,} seeds, expected {MOST:,} at most")
    return found


def main(argv: list[str] | None = None) -> None:
    given = _parser().parse_args(argv)
    if given.subtract and not given.add:
        _parser().error("--subtract needs --add")
    sampler = Sampler(ModelFolder.open(given.model), psi=given.psi, label=given.label)
    given.out.mkdir(parents=True, exist_ok=True)
    if given.walk:
        _write_walk(given.out, walk(sampler, given.walk, frames=given.frames))
    if given.add:
        pictures = arithmetic(sampler, given.add, given.subtract)
        _write(given.out / "sum.png", pictures[-1])
        _write(given.out / "sum_and_parts.png", grid(pictures, len(pictures)))
    if given.seeds or not (given.walk or given.add):
        _write_seeds(given.out, sampler, given.seeds or range(64))


def _parser() -> argparse.ArgumentParser:
    parser = new_parser("sample", __doc__)
    parser.add_argument("model", type=Path, help="folder of a trained model")
    parser.add_argument("--out", type=Path, required=True, help="folder for the pictures")
    parser.add_argument("--seeds", type=seeds_of, help="e.g. 0-63 or 3,17 (default: 0-63)")
    parser.add_argument("--walk", type=natural, nargs="+", metavar="SEED", help="two or more")
    parser.add_argument("--frames", type=at_least_one, default=60, help="of the walk, in all")
    for name in ("--add", "--subtract"):
        parser.add_argument(
            name, type=natural, nargs="+", action="append", default=[], metavar="SEED"
        )
    parser.add_argument("--psi", type=above_zero, default=1.0, help="factor on z (default: 1)")
    parser.add_argument("--class", dest="label", type=natural, help="of a model with labels")
    return parser


def _write_seeds(out: Path, sampler: Sampler, seeds: Iterable[int]) -> None:
    chosen = list(seeds)
    pictures = sampler.pictures(chosen)
    for seed, picture in zip(chosen, pictures, strict=True):
        save_png(out / f"seed_{seed:04d}.png", picture)
    columns = max(1, round(len(chosen) ** 0.5))
    _write(out / "sheet.png", grid(pictures, columns))


def _write_walk(out: Path, frames: np.ndarray) -> None:
    save_walk(out / "walk.webp", frames)
    print(out / "walk.webp")
    print(out / "walk.mp4" if save_video(out / "walk.mp4", frames) else "no ffmpeg: no walk.mp4")


def _write(path: Path, picture: np.ndarray) -> None:
    save_png(path, picture)
    print(path)
