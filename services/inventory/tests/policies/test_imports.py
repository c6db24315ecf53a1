import subprocess
import sys


def test_the_service_starts_without_the_libraries_of_the_calculation() -> None:
    modules = "humidor_inventory.routes, humidor_inventory.working"
    program = f"import sys, {modules}; print(sorted({{'numpy', 'scipy'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
