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


def test_a_record_says_on_how_many_of_the_cores_it_ran(monkeypatch):
    monkeypatch.setattr("joblib.cpu_count", lambda: 1)
    monkeypatch.setattr("os.cpu_count", lambda: 4)
    assert "1 of 4 cores" in home.machine()
    monkeypatch.setattr("joblib.cpu_count", lambda: 4)
    assert ", 4 cores, Python" in home.machine()
