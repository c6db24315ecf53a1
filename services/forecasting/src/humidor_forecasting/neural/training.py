"""Trains one network over many series by quantile loss; needs the extra `humidor-forecasting[neural]`.

Its quantiles cannot cross: the network gives the lowest and what each further one is above the one before.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from humidor_forecasting.neural.windows import ABOUT, FEATURES, WEIGHTS, Series, windows_of

QUANTILES = (0.1, 0.3, 0.5, 0.7, 0.9)
LEAST_WINDOWS = 500
SEED = 7


class TooLittle(Exception):  # noqa: N818 - reads as what it says of the data
    """There is too little history to train with."""


def train(
    series: Sequence[Series], horizon: int, *, until: int, folder: Path, epochs: int = 30
) -> dict[str, Any]:
    """Train on what came before the day `until`, and keep weights and what they were made of in a folder.

    The newest windows of every tenth series are kept back to stop by; the same data give the same weights on
    the same machine.

    Raises:
        TooLittle: There are fewer than 500 windows.
    """
    import keras

    keras.utils.set_random_seed(SEED)
    learnt = windows_of([each for n, each in enumerate(series) if n % 10], horizon, until=until)
    kept = windows_of(series[::10], horizon, until=until)
    if len(learnt.features) < LEAST_WINDOWS or not len(kept.features):
        raise TooLittle(f"{len(learnt.features)} windows, {LEAST_WINDOWS} are needed")
    network = make_network(horizon)
    network.compile(optimizer=keras.optimizers.Adam(2e-3), loss=quantile_loss)
    stop = keras.callbacks.EarlyStopping(patience=4, restore_best_weights=True)
    slower = keras.callbacks.ReduceLROnPlateau(patience=2, factor=0.4)
    history = network.fit(
        learnt.features, learnt.targets, validation_data=(kept.features, kept.targets), epochs=epochs,
        batch_size=256, callbacks=[stop, slower], verbose=0,
    )  # fmt: skip
    about = {
        "horizon": horizon,
        "until": until,
        "series": len(series),
        "windows": len(learnt.features),
        "epochs": len(history.history["loss"]),
        "loss": float(min(history.history["val_loss"])),
        "keras": keras.__version__,
    }
    folder.mkdir(parents=True, exist_ok=True)
    network.save_weights(folder / WEIGHTS)
    (folder / ABOUT).write_text(json.dumps(about))
    return about


def make_network(horizon: int) -> Any:
    """Two dense layers and a way around them, to one value a day ahead and quantile."""
    import keras
    from keras import layers

    seen = keras.Input((FEATURES,))
    hidden = layers.Dense(128, activation="relu")(seen)
    hidden = layers.Dropout(0.1)(hidden)
    hidden = layers.Dense(128, activation="relu")(hidden)
    joined = layers.Concatenate()([hidden, seen])
    flat = layers.Dense(horizon * len(QUANTILES))(joined)
    parts = layers.Activation("softplus")(layers.Reshape((horizon, len(QUANTILES)))(flat))
    return keras.Model(seen, layers.Lambda(_rising, output_shape=(horizon, len(QUANTILES)))(parts))


def _rising(parts: Any) -> Any:
    from keras import ops

    return ops.cumsum(parts, axis=-1)


def quantile_loss(actual: Any, made: Any) -> Any:
    """Mean quantile loss over days and probabilities (Koenker & Bassett 1978)."""
    from keras import ops

    chances = ops.convert_to_tensor(np.array(QUANTILES, dtype=np.float32))
    error = ops.expand_dims(actual, -1) - made
    return ops.mean(ops.maximum(chances * error, (chances - 1.0) * error))
