# SPDX-License-Identifier: Apache-2.0
"""What the tests of the whole system share: Avro, the generator of events, servers, topics, databases, processes.

It is written from the published schemas and from the documentation, never from core/: what the C code believes must not reach
it.
"""
