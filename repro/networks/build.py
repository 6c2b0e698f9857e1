"""Build the networks that a spec describes, with initial weights that depend only on the seed.

Where in the flow: between a NetworkSpec (repro.specs.network) and the networks of
repro/networks/dcgan.py, conditional.py and fully_connected.py.

Alone: `print(build_generator(NetworkSpec(), seed=0))` shows the layers of the paper's network.
"""

from typing import TypeVar

import torch

from repro.errors import UnusableError
from repro.networks.conditional import ConditionalDiscriminator, ConditionalGenerator
from repro.networks.dcgan import (
    Discriminator,
    DiscriminatorNetwork,
    Generator,
    GeneratorNetwork,
    initialise,
)
from repro.networks.fully_connected import DenseDiscriminator, DenseGenerator
from repro.specs.network import NetworkSpec

AnyDiscriminator = TypeVar("AnyDiscriminator", bound=DiscriminatorNetwork)


def build_generator(spec: NetworkSpec, *, seed: int) -> GeneratorNetwork:
    """G of a spec, with initial weights that are a function of the seed."""
    G = undrawn_generator(spec)
    initialise(G, init=spec.init, sd=spec.init_sd, seed=seed, purpose="weights of G")
    return G.to(memory_format=torch.channels_last)


def build_discriminator(spec: NetworkSpec, *, seed: int) -> DiscriminatorNetwork:
    """D of a spec, with initial weights that are a function of the seed."""
    return _drawn_discriminator(undrawn_discriminator(spec), spec, seed=seed)


def build_convolutional(spec: NetworkSpec, *, seed: int) -> Discriminator:
    """The same for whoever looks into D's convolution layers, as section 5 of the paper does.

    Raises UnusableError where D has labels, or no convolutions.
    """
    return _drawn_discriminator(undrawn_convolutional(spec), spec, seed=seed)


def _drawn_discriminator(D: AnyDiscriminator, spec: NetworkSpec, *, seed: int) -> AnyDiscriminator:
    initialise(D, init=spec.init, sd=spec.init_sd, seed=seed, purpose="weights of D")
    return D.to(memory_format=torch.channels_last)


def undrawn_generator(spec: NetworkSpec) -> GeneratorNetwork:
    """G of a spec before its weights are drawn; cheap under torch.device("meta")."""
    if spec.kind == "fully_connected":
        return DenseGenerator(spec)
    if spec.kind == "conditional":
        return ConditionalGenerator(spec)
    return _convolutional_generator(spec)


def undrawn_discriminator(spec: NetworkSpec) -> DiscriminatorNetwork:
    """D of a spec before its weights are drawn; cheap under torch.device("meta")."""
    if spec.kind == "fully_connected":
        return DenseDiscriminator(spec)
    if spec.kind == "conditional":
        return ConditionalDiscriminator(spec)
    return undrawn_convolutional(spec)


def _convolutional_generator(spec: NetworkSpec) -> Generator:
    return Generator(
        image_size=spec.image_size,
        channels=spec.channels,
        z_dim=spec.z_dim,
        widths=spec.generator_widths,
        strides=spec.generator_strides,
        kernel=spec.kernel,
        base_size=spec.base_size,
        first_norm="per_unit" if spec.first_norm == "per_unit" else "per_channel",
        normed=spec.norm,
        norm_eps=spec.norm_eps,
        norm_affine=spec.norm_affine,
        slope=spec.generator_slope,
        bounded=spec.bounded,
    )


def undrawn_convolutional(spec: NetworkSpec) -> Discriminator:
    """D of a spec of kind convolutional. Raises UnusableError for another kind."""
    if spec.kind != "convolutional":
        raise UnusableError(
            f"the networks are {spec.kind}, but the layers of a convolutional discriminator are "
            "wanted; give a network of another preset"
        )
    return Discriminator(
        image_size=spec.image_size,
        channels=spec.channels,
        widths=spec.discriminator_widths,
        strides=spec.discriminator_strides,
        kernel=spec.kernel,
        base_size=spec.base_size,
        normed=spec.norm if spec.discriminator_norm else "none",
        norm_eps=spec.norm_eps,
        norm_affine=spec.norm_affine,
        leaky_slope=spec.leaky_slope,
        average_pooling=spec.average_pooling,
    )
