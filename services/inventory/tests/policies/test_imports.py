import subprocess
import sys


def test_the_service_starts_without_the_libraries_of_the_calculation() -> None:
    program = "import sys, humidor_inventory.app; print(sorted({'numpy', 'scipy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
