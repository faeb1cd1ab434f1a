-- wrk's side of a run: sends the prepared requests of a file in turn, each with numbers of its own.
-- Arguments after the address: the file, the text that numbers replace, the first number.

local requests = {} -- each a list of texts; a number goes between two of them
local turn = 0
local number

local function split(text, mark)
   local parts, from = {}, 1
   while true do
      local at, last = text:find(mark, from, true)
      if not at then break end
      parts[#parts + 1] = text:sub(from, at - 1)
      parts[#parts + 1] = ""
      from = last + 1
   end
   parts[#parts + 1] = text:sub(from)
   return parts
end

function init(args)
   local file = assert(io.open(args[1], "rb"))
   while true do
      local length = file:read("*n", 1)
      if not length then break end
      requests[#requests + 1] = split(file:read(length), args[2])
   end
   file:close()
   number = tonumber(args[3])
end

function request()
   turn = turn % #requests + 1
   local parts = requests[turn]
   if #parts == 1 then return parts[1] end
   for i = 2, #parts, 2 do
      parts[i] = string.format("%.0f", number)
      number = number + 1
   end
   return table.concat(parts)
end

function done(summary, latency)
   local errors = summary.errors
   io.write(string.format(
      '\n{"requests": %d, "seconds": %.6f, "bytes": %.0f, "p50_ms": %.3f, "p99_ms": %.3f, "max_ms": %.3f, ' ..
      '"errors": {"status": %d, "connect": %d, "read": %d, "write": %d, "timeout": %d}}\n',
      summary.requests, summary.duration / 1e6, summary.bytes,
      latency:percentile(50) / 1000, latency:percentile(99) / 1000, latency.max / 1000,
      errors.status, errors.connect, errors.read, errors.write, errors.timeout))
end
