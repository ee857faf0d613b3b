// SPDX-License-Identifier: Apache-2.0
// How long WhatsApp still lets us write freely: always in view.
import { span, t } from './words'

export function Window({ ends }: { ends: string }) {
    const left = Date.parse(ends) - Date.now()
    return (
        <span class={'window' + (left <= 0 ? ' over' : left < 2 * 3600e3 ? ' soon' : '')} title={left > 0 ? t('window', span(left)) : t('windowOver')}>
            {left > 0 ? t('windowShort', span(left)) : t('windowClosed')}
        </span>
    )
}
