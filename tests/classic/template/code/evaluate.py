"""Compare predictions with the truth: ``evaluate.py PREDICTIONS TRUTH SCORE``."""

import json
import sys

predictions, truth = ([float(line) for line in open(path)] for path in sys.argv[1:3])
differences = [abs(prediction - true) for prediction, true in zip(predictions, truth)]
with open(sys.argv[3], "w") as file:
    json.dump({"deviation": sum(differences) / len(differences), "exact": differences.count(0)}, file)
