// SPDX-License-Identifier: Apache-2.0
// Sound and desktop notices, for those who want them. Off until a person switches them on: browsers ask then.
import { useState } from 'preact/hooks'
import { t } from './words'

let on = localStorage.getItem('notices') === 'on'

let audio: AudioContext | undefined // one for all: browsers let a page have few
let ringing = false // a rush is one ring

// Browsers keep a page silent that nobody has touched since it came; it rings with the first touch then.
async function ring() {
    if (ringing) return
    ringing = true
    setTimeout(() => (ringing = false), 2000)
    audio ??= new AudioContext()
    await audio.resume()
    const tone = audio.createOscillator()
    const volume = audio.createGain()
    tone.frequency.value = 880
    volume.gain.setValueAtTime(0.08, audio.currentTime)
    volume.gain.exponentialRampToValueAtTime(0.0001, audio.currentTime + 0.3)
    tone.connect(volume).connect(audio.destination)
    tone.start()
    tone.stop(audio.currentTime + 0.3)
}

export function notify(words: string) {
    if (!on) return
    void ring()
    if (!('Notification' in window && Notification.permission === 'granted' && document.hidden)) return
    try {
        new Notification('Relevo', { body: words })
    } catch {
        // Browsers of phones have the class, and do not let pages use it.
    }
}

export function Notices() {
    const [is, set] = useState(on)
    return (
        <label class="notices" title={t('noticesOn')}>
            <input
                type="checkbox"
                checked={is}
                onChange={(e) => {
                    on = e.currentTarget.checked
                    localStorage.setItem('notices', on ? 'on' : 'off')
                    set(on)
                    if (on && 'Notification' in window) Notification.requestPermission()
                }}
            />
            {t('notices')}
        </label>
    )
}
