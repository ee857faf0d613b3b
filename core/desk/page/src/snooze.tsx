// SPDX-License-Identifier: Apache-2.0
// Until when a conversation is put aside. Whatever is chosen, the customer's next message brings it back.
import { useState } from 'preact/hooks'
import { Dialog } from './keys'
import { clock, day, t } from './words'

// In three hours; this evening; tomorrow morning; on Monday: each only where it is ahead.
function times(): [string, Date][] {
    const now = new Date()
    const at = (days: number, hour: number) => new Date(now.getFullYear(), now.getMonth(), now.getDate() + days, hour)
    const all: [string, Date][] = [
        [t('inOneHour'), new Date(now.getTime() + 3600e3)],
        [t('inThreeHours'), new Date(now.getTime() + 3 * 3600e3)],
        [t('tomorrow'), at(1, 9)],
        [t('nextWeek'), at(((8 - now.getDay()) % 7) || 7, 9)],
    ]
    return all
}

export function Snooze({ close, done }: { close: () => void; done: (until: string) => void }) {
    const [error, setError] = useState('')
    return (
        <Dialog title={t('snooze')} close={close}>
            <div class="purposes">
                <button onClick={() => done('')}>{t('untilCustomer')}</button>
                {times().map(([words, at]) => (
                    <button key={words} onClick={() => done(at.toISOString())}>
                        {words}{' '}
                        <span class="quiet">
                            {day(at.toISOString())}, {clock(at.toISOString())}
                        </span>
                    </button>
                ))}
            </div>
            <form
                class="purposes"
                onSubmit={(e) => {
                    e.preventDefault()
                    const at = new Date(String(new FormData(e.currentTarget).get('at')))
                    if (!(at.getTime() > Date.now())) return setError(t('notInThePast'))
                    done(at.toISOString())
                }}
            >
                <label>
                    {t('when')} <input type="datetime-local" name="at" required />
                </label>
                <p class="wrong" role="alert">
                    {error}
                </p>
                <button class="main">{t('snooze')}</button>
            </form>
        </Dialog>
    )
}
