-- SPDX-License-Identifier: Apache-2.0
-- No row stays open that nobody comes back for: while one does, all that is said in its conversation later waits for it (010).

-- As in 003, but whoever did not hear the answer may settle again: the same is welcome twice. Before, what was to be tried again was taken for somebody
-- else's then, and nobody tried it.
CREATE OR REPLACE FUNCTION relevo.settle(p_id uuid, p_part smallint, p_worker uuid, p_attempt integer, p_state smallint, p_message_id text,
                                         p_error_code integer, p_error text)
RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    UPDATE relevo.send
    SET state = p_state, message_id = p_message_id, error_code = p_error_code, error = p_error, settled_at = clock_timestamp()
    WHERE id = p_id AND part = p_part AND worker = p_worker AND attempt = p_attempt
      AND (state IN (1, p_state) OR (state = 6 AND p_state IN (3, 4) AND NOT reported));
    RETURN FOUND;
END $$;
