"""Write the list of the broker's archives anew, for a new Kafka version.

``python -m humidor_embedded.kafka_lock > libs/embedded/src/humidor_embedded/kafka_jars.sha256``
"""

import sys
import tempfile
from pathlib import Path

from humidor_embedded.kafka_archive import sha256_of

# slf4j-simple is the smallest binding of slf4j 1.7; with none the broker logs nothing.
COORDINATES = "org.apache.kafka:kafka_2.13:4.1.0+org.slf4j:slf4j-simple:1.7.36"


def main() -> None:
    import jgo

    lines = []
    with tempfile.TemporaryDirectory() as repository:
        for artifact in jgo.resolve(COORDINATES):
            artifact.context.repo_cache = Path(repository)
            name = f"{artifact.groupId}:{artifact.artifactId}:{artifact.version}"
            lines.append(f"{sha256_of(artifact.resolve())}  {name}\n")
    sys.stdout.write(f"# {COORDINATES}\n")
    sys.stdout.writelines(sorted(lines, key=lambda line: line.split()[1]))


if __name__ == "__main__":
    main()
