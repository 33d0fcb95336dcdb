"""The script by which a batch job of Azure ML scores: the component sends it, and a rule knows it again."""

import re
from collections.abc import Iterable

_SCORE = """\
set -euo pipefail
score() {
  if [ -e "$2" ]; then return; fi
  mkdir -p "$(dirname "$2")"
  for attempt in 1 2 3; do
    if mlflow models predict --env-manager local --content-type FORMAT --model-uri "${{inputs.model}}" \\
      --input-path "$1" --output-path "$2.part"; then
      mv "$2.part" "$2"
      return
    fi
  done
  return 1
}
share() {
  count=0
  find "$1" -type f | LC_ALL=C sort | while IFS= read -r file; do
    if [ $((count % WORLD_SIZE)) -eq "$RANK" ]; then
      printf '%s\\0' "$file" "${{outputs.scores}}/$2${file#"$1"/}.json"
    fi
    count=$((count + 1))
  done
}
export -f score
{
SHARES} | xargs -0 -r -n 2 -P CONCURRENCY bash -c 'score "$0" "$1"'
"""


def scoring(names: Iterable[str], format: str, concurrency: int) -> str:
    """What a run does, in bash, whose scores lie as the files do, in a folder for each input.

    Each replica scores its share of the files of each input, every WORLD_SIZE-th from its RANK on, as Azure ML numbers
    the replicas of a distributed job, some at once. A file that fails is tried three times and leaves no scores; the
    others are scored all the same, and then the run fails. A file that has scores is not scored again where Azure ML
    starts the run anew on another node.
    """
    shares = "".join(f'  share "${{{{inputs.{name}}}}}" {name}/\n' for name in names)
    return _SCORE.replace("FORMAT", format).replace("CONCURRENCY", str(concurrency)).replace("SHARES", shares)


_SHARED = re.compile(r'^  share "\$\{\{inputs\.(\w+)\}\}" \1/$', re.MULTILINE)
_FORMAT, _AT_ONCE = re.compile(r"--content-type (\S+)"), re.compile(r"-P ([1-9][0-9]?) ")


def other_lines(command: str, names: Iterable[str]) -> list[str]:
    """The lines of a command that the script has not for inputs of these names, in any order of them; where it only
    lacks some, or has them in another order, the whole. None for the script itself, in whichever format and however
    many files at once.
    """
    shared, format, at_once = _SHARED.findall(command), _FORMAT.search(command), _AT_ONCE.search(command)
    ours = scoring(shared, format[1] if format else "", int(at_once[1]) if at_once else 1)
    if command == ours and sorted(shared) == sorted(names):
        return []
    known = {line.strip() for line in ours.splitlines()}
    return [said for line in command.splitlines() if (said := line.strip()) not in known] or [command]
