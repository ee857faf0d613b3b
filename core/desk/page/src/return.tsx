// SPDX-License-Identifier: Apache-2.0
// What the bot is to do with a conversation that it gets back.
import { useState } from 'preact/hooks'
import type { Template } from './api'
import { Dialog } from './keys'
import { t } from './words'

export function Return({ close, done, templates }: { close: () => void; done: (body: object) => void; templates: Template[] }) {
    const [later, setLater] = useState(false)
    const [error, setError] = useState('')
    return (
        <Dialog title={t('toBot')} close={close}>
            <div class="purposes">
                <button onClick={() => done({ purpose: 'continue' })}>{t('purposeContinue')}</button>
                <button onClick={() => done({ purpose: 'resume' })}>{t('purposeResume')}</button>
                <button onClick={() => done({ purpose: 'survey' })}>{t('purposeSurvey')}</button>
                <button aria-expanded={later} onClick={() => setLater(!later)}>
                    {t('purposeFollowUp')}
                </button>
            </div>
            {later && (
                <form
                    class="purposes"
                    onSubmit={(e) => {
                        e.preventDefault()
                        const form = new FormData(e.currentTarget)
                        const at = new Date(String(form.get('at')))
                        if (!(at.getTime() > Date.now())) return setError(t('notInThePast'))
                        done({ purpose: 'follow_up', at: at.toISOString(), message: form.get('message'), template: form.get('template') })
                    }}
                >
                    <label>
                        {t('when')} <input type="datetime-local" name="at" required />
                    </label>
                    <label>
                        {t('message')} <textarea name="message" rows={2} maxLength={4096} required />
                    </label>
                    <label>
                        {t('template')} <input name="template" list="templates" />
                    </label>
                    <datalist id="templates">
                        {templates
                            .filter((one) => !one.parameters)
                            .map((one) => (
                                <option key={one.name + one.language}>{one.name}</option>
                            ))}
                    </datalist>
                    <p class="wrong" role="alert">
                        {error}
                    </p>
                    <button class="main">{t('toBot')}</button>
                </form>
            )}
        </Dialog>
    )
}
