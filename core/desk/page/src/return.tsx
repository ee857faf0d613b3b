// SPDX-License-Identifier: Apache-2.0
// What the bot is to do with a conversation that it gets back.
import { useState } from 'preact/hooks'
import type { Template } from './api'
import { Dialog } from './keys'
import { t } from './words'

export function Return({ close, done, templates }: { close: () => void; done: (body: object, note: string) => void; templates: Template[] }) {
    const [later, setLater] = useState(false)
    const [error, setError] = useState('')
    const [note, setNote] = useState('')
    const give = (body: object) => done(body, note.trim())
    return (
        <Dialog title={t('toBot')} close={close}>
            <div class="purposes">
                <button onClick={() => give({ purpose: 'continue' })}>{t('purposeContinue')}</button>
                <button onClick={() => give({ purpose: 'resume' })}>{t('purposeResume')}</button>
                <button onClick={() => give({ purpose: 'survey' })}>{t('purposeSurvey')}</button>
                <button aria-expanded={later} onClick={() => setLater(!later)}>
                    {t('purposeFollowUp')}
                </button>
            </div>
            <label class="returning">
                {t('note')} <textarea rows={2} maxLength={4096} value={note} placeholder={t('writeNote')} onInput={(e) => setNote(e.currentTarget.value)} />
            </label>
            {later && (
                <form
                    class="purposes"
                    onSubmit={(e) => {
                        e.preventDefault()
                        const form = new FormData(e.currentTarget)
                        const at = new Date(String(form.get('at')))
                        if (!(at.getTime() > Date.now())) return setError(t('notInThePast'))
                        give({ purpose: 'follow_up', at: at.toISOString(), message: form.get('message'), template: form.get('template') })
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
