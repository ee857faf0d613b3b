# SPDX-License-Identifier: Apache-2.0
"""What bench_nlp.py measures, a file for each question."""
