// SPDX-License-Identifier: Apache-2.0
// A language model of one's own for tests: serve.mjs PORT MODEL.gguf. Speaks as much of OpenAI's chat completions as the llm plugin asks for: messages, max_tokens,
// and a JSON schema for the output, by llama.cpp's grammar. One request after the other. Says `ready` when it listens, then a line of
// JSON for each answer: what was asked for and what was said.
import { createServer } from "node:http";
import { getLlama, LlamaChatSession } from "node-llama-cpp";

const [port, path] = process.argv.slice(2);
const llama = await getLlama({ gpu: false, build: "never", skipDownload: true, maxThreads: 1 }); // several threads wait for each other by spinning
const model = await llama.loadModel({ modelPath: path });
const context = await model.createContext({ contextSize: 4096, sequences: 1 });
const sequence = context.getSequence();

async function complete(body) {
    const told = body.messages.slice(0, -1).map(({ role, content }) =>
        role === "assistant" ? { type: "model", response: [content] } : { type: role, text: content });
    const session = new LlamaChatSession({ contextSequence: sequence });
    session.setChatHistory(told);
    const schema = body.response_format?.json_schema?.schema;
    const before = sequence.tokenMeter.getState();
    const { responseText, stopReason } = await session.promptWithMeta(body.messages.at(-1).content, {
        grammar: schema && await llama.createGrammarForJsonSchema(schema),
        maxTokens: body.max_tokens,
        temperature: body.temperature,
    });
    const used = sequence.tokenMeter.diff(before);
    session.dispose({ disposeSequence: false });
    await sequence.clearHistory();
    console.log(JSON.stringify({ schema: schema !== undefined, stopReason, content: responseText }));
    return {
        object: "chat.completion",
        model: body.model,
        choices: [{
            index: 0,
            message: { role: "assistant", content: responseText },
            finish_reason: stopReason === "maxTokens" ? "length" : "stop",
        }],
        usage: {
            prompt_tokens: used.usedInputTokens,
            completion_tokens: used.usedOutputTokens,
            total_tokens: used.usedInputTokens + used.usedOutputTokens,
        },
    };
}

let turn = Promise.resolve();
createServer((request, response) => {
    const parts = [];
    request.on("data", (part) => parts.push(part));
    request.on("end", () => {
        turn = turn.then(async () => {
            let status = 200, answer;
            try {
                if (request.method !== "POST" || request.url !== "/v1/chat/completions")
                    throw new Error(`there is no ${request.method} ${request.url}`);
                answer = await complete(JSON.parse(Buffer.concat(parts).toString()));
            } catch (error) {
                status = 400;
                answer = { error: { message: String(error) } };
                console.log(JSON.stringify({ error: String(error) }));
            }
            response.writeHead(status, { "Content-Type": "application/json" });
            response.end(JSON.stringify(answer));
        });
    });
}).listen(Number(port), "127.0.0.1", () => console.log("ready"));
