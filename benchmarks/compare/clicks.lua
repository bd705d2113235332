-- Clicks for wrk: each with a fresh random UUID, by the next of the players, at a random place of a map of 100 by 100.
--   wrk -s clicks.lua URL -- HUNT TOKENS
-- TOKENS is a file with a token a line. The last line of the output is what `wrk.py` reads.

local random, format = math.random, string.format
local heads, at, count = {}, 0, 0

local function seed()
  local file = assert(io.open("/dev/urandom", "rb"))
  local a, b, c, d = file:read(4):byte(1, 4)
  file:close()
  math.randomseed(((a * 256 + b) * 256 + c) * 128 + d % 128)
end

function init(args)
  seed()
  local path = "/v1/hunts/" .. args[1] .. "/clicks"
  for token in io.lines(args[2]) do
    count = count + 1
    heads[count] = "POST " .. path .. " HTTP/1.1\r\nHost: " .. wrk.host .. ":" .. wrk.port
      .. "\r\nAuthorization: Bearer " .. token
      .. "\r\nContent-Type: application/json\r\nContent-Length: 71\r\n\r\n"
  end
end

function request()
  at = at % count + 1
  return heads[at] .. format(
    '{"id":"%04x%04x-%04x-4%03x-a%03x-%04x%04x%04x","x":%8.4f,"y":%8.4f}',
    random(0, 65535), random(0, 65535), random(0, 65535), random(0, 4095), random(0, 4095),
    random(0, 65535), random(0, 65535), random(0, 65535), random() * 100, random() * 100)
end

function done(summary, latency, requests)
  local errors = summary.errors
  print(format(
    '{"answers":%d,"seconds":%.6f,"p50_ms":%.3f,"p90_ms":%.3f,"p99_ms":%.3f,"max_ms":%.3f,"bad":%d,"broken":%d}',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(90) / 1e3,
    latency:percentile(99) / 1e3, latency.max / 1e3, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout))
end
