"""Compare predictions with the truth: ``evaluate.py PREDICTIONS TRUTH SCORE``."""

import json
import sys
from pathlib import Path

predictions, truth = (list(map(float, Path(path).read_text().split())) for path in sys.argv[1:3])
differences = [abs(prediction - true) for prediction, true in zip(predictions, truth)]
score = {"deviation": sum(differences) / len(differences), "exact": differences.count(0)}
Path(sys.argv[3]).write_text(json.dumps(score))
