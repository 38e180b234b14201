"""What results were measured on is named."""

import platform

from fer_keras.base import home


def test_the_processor_is_named_with_its_vector_extensions(tmp_path):
    about = tmp_path / "cpuinfo"
    about.write_text("processor : 0\nmodel name : Some Processor 9\nflags : fpu avx2 avx512f sse\n")
    assert home.processor(about) == f"{platform.machine()} Some Processor 9 with avx2, avx512f"
    about.write_text("processor : 0\n")
    assert home.processor(about) == platform.machine()
    assert home.processor(tmp_path / "none") == platform.machine()
    assert home.processor() in home.machine()
