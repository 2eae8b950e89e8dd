#include "walk.h"

#include <fmt/format.h>

#include "dump_memory.h"
#include "smmuvp/base/error.h"
#include "stream_walk.h"
#include "walk_options.h"
#include "walk_report.h"

namespace smmuvp::tables {

using namespace pgtable;

namespace {

WalkRecord record_walk(const WalkOptions& options, std::uint64_t va, DumpMemory& memory) {
  WalkRequest request = options.request;
  request.va = va;
  memory.forget_writes();
  return explain_walk(options.config, request, [&memory](const MemoryOp& op) { return memory.access(op); });
}

}  // namespace

bool walk(const std::vector<std::string>& arguments, std::istream& input, const Output& output) {
  if (asks_for_stream(arguments)) return walk_stream(arguments, input, output);
  const WalkOptions options = parse_walk_options(arguments);
  if (options.help || options.fields) {
    output.print(options.help ? walk_help() : fields_text());
    return true;
  }
  const bool colour = use_colour(options.colour, output.terminal);
  DumpMemory memory;
  for (const auto& [path, base] : options.dumps) {
    if (base) {
      memory.add(path, *base);
      continue;
    }
    for (const MemoryImage::Range& range : read_image(path).ranges) memory.add(path, range);
  }

  bool translated = true;
  bool first = true;
  nlohmann::ordered_json walks = nlohmann::ordered_json::array();
  for_each_number(options.addresses, input, "address", 64, [&](std::uint64_t va) {
    const WalkRecord record = record_walk(options, va, memory);
    translated = translated && record.result.ok();
    if (options.json) {
      walks.push_back(walk_json(record));
      return;
    }
    if (first) {
      for (const std::string& note : options.notes) output.print("note: " + note + "\n");
    }
    if (!first || !options.notes.empty()) output.print("\n");
    first = false;
    output.print(walk_text(record, colour));
  });
  if (options.json) {
    nlohmann::ordered_json dumps = nlohmann::ordered_json::array();
    for (const DumpMemory::Dump& d : memory.dumps()) {
      dumps.push_back(
          {{"file", d.path}, {"base", fmt::format("{:#x}", d.base)}, {"last", fmt::format("{:#x}", d.last)}});
    }
    const nlohmann::ordered_json document = {{"dumps", std::move(dumps)},
                                             {"notes", options.notes},
                                             {"config", config_json(options.config)},
                                             {"walks", std::move(walks)}};
    // A file name may hold any bytes, those that a terminal obeys too.
    output.print(document.dump(2, ' ', true, nlohmann::ordered_json::error_handler_t::replace) + "\n");
  }
  return translated;
}

}  // namespace smmuvp::tables
