// SPDX-License-Identifier: Apache-2.0
// etcd, whose own main package is not in the module of its server.
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() { etcdmain.Main(os.Args) }
