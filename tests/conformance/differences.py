"""Reads differences.toml: where the candidate differs on purpose, and why."""
import pathlib
import tomllib

KEYS = {"case", "step", "elements", "reason"}


class Differences:
    """The differences that are listed. check() takes those of a replay and keeps what is wrong."""

    def __init__(self, path, known_cases=None):
        """known_cases: the cases that there are, where a name that is none of them is a mistake."""
        data = tomllib.loads(pathlib.Path(path).read_text()) if path else {}
        reasons = data.get("reasons", {})
        self.listed = {}
        self.mistakes = [f"unknown table {name!r}" for name in data if name not in ("reasons", "difference")]
        for entry in data.get("difference", []):
            name = f"{entry.get('case')} step {entry.get('step')}"
            if set(entry) != KEYS or not entry["elements"]:
                self.mistakes.append(f"{name}: needs exactly {', '.join(sorted(KEYS))}")
                continue
            if entry["reason"] not in reasons:
                self.mistakes.append(f"{name}: the reason {entry['reason']!r} is not explained")
            if known_cases is not None and entry["case"] not in known_cases:
                self.mistakes.append(f"{name}: there is no such case")
            for element in entry["elements"]:
                key = (entry["step"], element)
                if self.listed.setdefault(entry["case"], {}).setdefault(key, entry["reason"]) != entry["reason"]:
                    self.mistakes.append(f"{name}: {element} has two reasons")
        used = {reason for case in self.listed.values() for reason in case.values()}
        self.mistakes += [f"the reason {reason!r} explains nothing" for reason in reasons if reason not in used]

    def check(self, case, found):
        """Splits the differences of a case, given as (step, element, words): those that are not listed (or
        listed and not there any more), in words, and the number of those that are on purpose."""
        listed = self.listed.get(case, {})
        wrong = [f"step {step}: {element}: {words}" for step, element, words in found if (step, element) not in listed]
        there = {(step, element) for step, element, _ in found}
        wrong += [f"step {step}: {element}: listed as different ({reason}), but it agrees"
                  for (step, element), reason in listed.items() if (step, element) not in there]
        return wrong, len([key for key in listed if key in there])
