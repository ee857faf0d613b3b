# SPDX-License-Identifier: Apache-2.0
"""The independent checker: reads what a run left in Kafka and Postgres and says what is wrong with it."""
