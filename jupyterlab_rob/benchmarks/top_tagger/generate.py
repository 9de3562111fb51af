"""Generate jets with Pythia 8 and FastJet: the first half of making data for this benchmark; split.py is the other.

    pip install pythia8mc fastjet numpy      (pythia8mc is compiled, which takes about an hour)
    python generate.py signal 6000 --seed 11 signal.npy
    python generate.py background 10000 --seed 12 background.npy
    python split.py signal.npy background.npy --train 4000 4000

Signal are jets of top quarks that decay to quarks (pair production), background are light-quark and gluon jets (QCD
dijets), in the manner of the reference data set of "The Machine Learning Landscape of Top Taggers" (arXiv:1902.09914).
What differs: particles instead of a detector's signals, the 40 leading constituents instead of 200.

The bundled jets were made with Pythia 8.318 and FastJet 3.5.2. The script is for the coordinator; no run sees it.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Jets = NDArray[np.float32]

RADIUS = 0.8  #: of the anti-kT jets, and how far from the top's direction its quarks and the jet may be
PT_RANGE = (550.0, 650.0)  #: GeV
ETA_MAX = 2.0
CONSTITUENTS = 40
MANTISSA_BITS = 12  #: of float32's 23: a relative step of 2.4e-4, with which the files are a third smaller

_SETTINGS = (
    "Print:quiet = on",
    "Beams:eCM = 14000.",
    "PhaseSpace:pTHatMin = 500.",
    "PhaseSpace:pTHatMax = 800.",
    "PartonLevel:MPI = off",
    "Random:setSeed = on",
)
_PROCESSES = {
    "signal": ("Top:gg2ttbar = on", "Top:qqbar2ttbar = on", "24:onMode = off", "24:onIfAny = 1 2 3 4 5"),
    "background": ("HardQCD:all = on",),
}
_TOP, _W = 6, 24  # PDG codes


def delta_r(eta1: float, phi1: float, eta2: float, phi2: float) -> float:
    """Distance of two directions in the plane of pseudorapidity and azimuth (radians)."""
    dphi = (phi1 - phi2 + np.pi) % (2 * np.pi) - np.pi
    return float(np.hypot(eta1 - eta2, dphi))


def make_pythia(kind: str, seed: int) -> Any:
    """A generator of events of the ``kind`` signal or background."""
    import pythia8mc

    pythia = pythia8mc.Pythia("", False)
    for line in (*_SETTINGS, *_PROCESSES[kind], f"Random:seed = {seed}"):
        pythia.readString(line)
    pythia.init()
    return pythia


def merged_tops(event: Any) -> list[tuple[float, float]]:
    """Directions (eta, phi) of the tops whose three decay quarks lie within RADIUS of the top."""
    directions = []
    for particle in event:
        # Its last copy, after all radiation.
        if particle.idAbs() != _TOP or event[particle.iBotCopy()].index() != particle.index():
            continue
        quarks = []
        for daughter in (event[number] for number in particle.daughterList()):
            if daughter.idAbs() == _W:
                quarks += [event[number] for number in event[daughter.iBotCopy()].daughterList()]
            else:
                quarks.append(daughter)
        direction = (particle.eta(), particle.phi())
        if len(quarks) == 3 and all(delta_r(*direction, quark.eta(), quark.phi()) < RADIUS for quark in quarks):
            directions.append(direction)
    return directions


def jets_of(event: Any, kind: str) -> Iterator[Jets]:
    """Those of the two leading jets that are wanted, each of shape (CONSTITUENTS, 4): E, px, py, pz in GeV."""
    import fastjet

    particles = [
        fastjet.PseudoJet(particle.px(), particle.py(), particle.pz(), particle.e())
        for particle in event
        if particle.isFinal() and particle.isVisible() and abs(particle.eta()) < ETA_MAX + 2 * RADIUS
    ]
    clusters = fastjet.ClusterSequence(particles, fastjet.JetDefinition(fastjet.antikt_algorithm, RADIUS))
    tops = merged_tops(event) if kind == "signal" else []
    for jet in fastjet.sorted_by_pt(clusters.inclusive_jets(PT_RANGE[0]))[:2]:
        if not (PT_RANGE[0] < jet.pt() < PT_RANGE[1] and abs(jet.eta()) < ETA_MAX):
            continue
        if kind == "signal" and not any(delta_r(jet.eta(), jet.phi_std(), *top) < RADIUS for top in tops):
            continue
        rows = np.zeros((CONSTITUENTS, 4), np.float32)
        for row, constituent in zip(rows, fastjet.sorted_by_pt(jet.constituents())):
            row[:] = constituent.e(), constituent.px(), constituent.py(), constituent.pz()
        yield rows


def rounded(values: Jets) -> Jets:
    """The values with the mantissa rounded to MANTISSA_BITS, so that the files can be compressed."""
    drop = 23 - MANTISSA_BITS
    bits = values.view(np.uint32)
    near: Jets = ((bits + np.uint32(1 << (drop - 1))) & np.uint32(0xFFFFFFFF << drop & 0xFFFFFFFF)).view(np.float32)
    return near


def generate(kind: str, number: int, seed: int) -> Jets:
    """Jets of the ``kind`` signal or background, shape (number, CONSTITUENTS, 4)."""
    pythia = make_pythia(kind, seed)
    jets: list[Jets] = []
    while len(jets) < number:
        if pythia.next():
            jets.extend(jets_of(pythia.event, kind))
    return rounded(np.array(jets[:number], np.float32))


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Generate jets with Pythia 8 and FastJet.")
    parser.add_argument("kind", choices=sorted(_PROCESSES))
    parser.add_argument("number", type=int, help="of jets")
    parser.add_argument("output", type=Path, help=".npy file to write")
    parser.add_argument("--seed", type=int, required=True, help="of Pythia; another one for each file")
    options = parser.parse_args(arguments)
    start = time.monotonic()
    np.save(options.output, generate(options.kind, options.number, options.seed))
    print(f"{options.kind}: {options.number} jets in {time.monotonic() - start:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
