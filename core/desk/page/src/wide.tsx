// SPDX-License-Identifier: Apache-2.0
// A table that may be wider than the screen: it is scrolled by keyboard, too, and says what it is.
import type { ComponentChildren } from 'preact'
import { t, type Key } from './words'

// rows: the children.
export const Wide = ({ label, heads, children }: { label: string; heads: Key[]; children: ComponentChildren }) => (
    <div class="wide" role="region" aria-label={label} tabIndex={0}>
        <table>
            <thead>
                <tr>
                    {heads.map((head) => (
                        <th scope="col" key={head}>
                            {t(head)}
                        </th>
                    ))}
                </tr>
            </thead>
            <tbody>{children}</tbody>
        </table>
    </div>
)
