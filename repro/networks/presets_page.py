"""The presets (config/presets/*.yaml): known recipes, each with what differs from the paper.

A preset is a file in that folder; a new file is a new preset and needs no edit here. Where in the
flow: `repro.runs.load` merges a run file's model over its preset; this module only shows them.

`python -m repro presets` lists them, `python -m repro presets small_folder` shows one in full, and
`--out config/presets/README.md` writes the page of all.
"""

from repro.artefacts.whole_file import atomic_write
from repro.command_line import file_to_write, new_parser
from repro.networks.dcgan import parameter_count
from repro.networks.layer_shapes import WeightLayer
from repro.networks.layers import discriminator_without_memory, generator_without_memory, layers_of
from repro.places import PRESETS
from repro.specs.differences import differing_from_paper, format_setting
from repro.specs.network import NetworkSpec
from repro.specs.presets import Preset, PresetSpec, find_preset, read_presets

PAGE = PRESETS / "README.md"
Row = tuple[str, ...]

OPENING = """\
# Presets

<!-- Written by `python -m repro presets --out config/presets/README.md`; a test fails when it is
out of date. -->

A preset is a network and a training, one file in this folder. A run file names it (`preset:
paper_64`, the default) and holds only what differs from it. "Paper" below means the 64x64 bedroom
model (Fig 1, section 4; the authors' code where the paper is silent), whose values are the defaults
of repro/specs; `python -m repro settings` says what each key means. To add a preset, put a file
here.

"Authors'" marks the recipes of the paper's authors: `stop_on`, which ends a training early, is
refused for them, and they differ from each other because the authors' models do. Parameters are
all trained values, including gains and biases of batch normalisation (BN).
"""


def parameter_counts(network: NetworkSpec) -> tuple[int, int]:
    """Trained parameters of G and of D; no weight is allocated."""
    networks = generator_without_memory(network), discriminator_without_memory(network)
    return parameter_count(networks[0]), parameter_count(networks[1])


def describe_layer(layer: WeightLayer) -> str:
    """E.g. "convolution 5x5, stride 2: 3 -> 128 x 32 x 32, BN per map"."""
    if layer.kind == "dense":
        line = f"dense {layer.taken[0]:,} -> {layer.given[0]:,}"
    else:
        maps, rows, columns = layer.given
        line = (
            f"{layer.kind} {layer.kernel}x{layer.kernel}, stride {layer.stride}: "
            f"{layer.taken[0]:,} -> {maps:,} x {rows} x {columns}"
        )
    if layer.biases:
        line += ", biases"
    if layer.norm:
        line += f", BN per {layer.norm}"
        line += "" if layer.norm_affine else " without gain and bias"
    return line


def list_presets() -> str:
    """The presets as a plain-text table, one per line."""
    rows: list[Row] = [("preset", *COLUMNS, "title")]
    rows += [(p.name, *_in_short(p.spec), p.spec.title) for p in read_presets()]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(
        [*(line.rstrip() for line in lines), "", "One in full: python -m repro presets NAME"]
    )


def page() -> str:
    """The Markdown page of all presets, ending in a newline."""
    presets = read_presets()
    head: Row = ("preset", *COLUMNS, "schedule", "passes", "authors'")
    rows = [
        (
            f"[{p.name}](#{p.name})",
            *_in_short(p.spec),
            p.spec.training.schedule.replace("_", " "),
            f"{p.spec.training.epochs:g}",
            "yes" if p.spec.of_the_paper else "",
        )
        for p in presets
    ]
    parts = [OPENING, _table(head, rows), *(_section(preset) for preset in presets)]
    return "\n".join(parts)


COLUMNS = ("images", "kernel", "z", "batch", "rate G, D", "G", "D")


def _in_short(spec: PresetSpec) -> Row:
    """The cells of COLUMNS; G and D are parameter counts."""
    network, training = spec.network, spec.training
    of_g, of_d = parameter_counts(network)
    rates = training.learning_rate_g, training.learning_rate_d
    labels = f", {network.classes} classes" if network.classes else ""
    return (
        f"{network.image_size}x{network.image_size}x{network.channels}{labels}",
        "none" if network.kind == "fully_connected" else f"{network.kernel}x{network.kernel}",
        f"{network.z_dim} {network.z_distribution}",
        str(training.batch),
        ", ".join(f"{rate:g}" for rate in dict.fromkeys(rates)),
        f"{of_g:,}",
        f"{of_d:,}",
    )


def _section(preset: Preset) -> str:
    spec, network = preset.spec, preset.spec.network
    G, D = generator_without_memory(network), discriminator_without_memory(network)
    last = "tanh" if network.pixel_low == -1 else "sigmoid"
    labels = f"; each layer's inputs end in the {network.classes} labels" if network.classes else ""
    rows: list[Row] = [
        (f"`{key}`", format_setting(paper), format_setting(ours))
        for key, paper, ours in differing_from_paper(spec.model_dump())
    ]
    table = (
        _table(("key", "paper", "preset"), rows) if rows else "Nothing differs from the paper.\n"
    )
    return "\n".join(
        [
            f"## {preset.name}\n",
            f"**{spec.title}.** Source: {spec.source}.\n",
            f"{preset.about}\n",
            f"**G**, {parameter_count(G):,} parameters; {_activation(network.generator_slope)}, at "
            f"the end {last}{labels}:\n",
            *_numbered(layers_of(G)),
            f"\n**D**, {parameter_count(D):,} parameters; {_activation(network.leaky_slope)}, at "
            f"the end a sigmoid (within the loss){labels}:\n",
            *_numbered(layers_of(D)),
            f"\n{table}",
            f"To use it in a run file:\n\n```yaml\n{usage(preset)}```\n",
        ]
    )


def usage(preset: Preset) -> str:
    """The lines of a run file that train a preset on a folder of pictures, or on MNIST."""
    network = preset.spec.network
    digits = network.channels == 1
    name, raw = ("mnist", "mnist") if digits else ("folder", "pictures")
    return (
        f"datasets:\n"
        f"  {raw}: {{source: {name}, raw: {raw}, image_size: {network.image_size}, "
        f"channels: {network.channels}}}\n"
        f"models:\n"
        f"  {raw}: {{preset: {preset.name}, data: {raw}}}\n"
    )


def _numbered(layers: list[WeightLayer]) -> list[str]:
    return [f"{number}. {describe_layer(layer)}" for number, layer in enumerate(layers, start=1)]


def _activation(slope: float) -> str:
    return f"leaky ReLU, slope {slope:g}" if slope else "ReLU"


def _table(head: Row, rows: list[Row]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def main(argv: list[str] | None = None) -> None:
    parser = new_parser("presets", __doc__)
    parser.add_argument("name", nargs="?", help="one preset, in full")
    parser.add_argument("--out", type=file_to_write, help="write the page of all of them here")
    given = parser.parse_args(argv)
    if given.out is not None:
        with atomic_write(given.out) as temporary:
            temporary.write_text(page(), encoding="utf-8")
        print(f"wrote {given.out}")
    elif given.name is None:
        print(list_presets())
    else:
        print(_section(find_preset(given.name)))
