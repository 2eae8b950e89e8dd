#include "walk.h"

#include <fmt/format.h>

#include "dump_memory.h"
#include "smmuvp/base/error.h"
#include "walk_options.h"
#include "walk_report.h"

namespace smmuvp::tables {

using namespace pgtable;

namespace {

DescriptorFormat descriptor_format(const Config& config, Stage stage) {
  if (stage == Stage::stage2) {
    return config.stage2.format == Format::vmsa64 ? DescriptorFormat::lpae64_s2 : DescriptorFormat::lpae32_s2;
  }
  switch (config.stage1.format) {
    case Format::vmsa64:
      return DescriptorFormat::lpae64_s1;
    case Format::lpae32:
      return DescriptorFormat::lpae32_s1;
    case Format::v7s:
      return DescriptorFormat::v7s;
    case Format::mali_lpae:
      break;
  }
  return DescriptorFormat::mali;
}

ExplainSettings explain_settings(const Config& config, Stage stage, unsigned range) {
  ExplainSettings s;
  s.regime = config.regime;
  s.secure = config.space == AddressSpace::secure;
  const bool first = stage == Stage::stage1;
  const Stage1Config& s1 = config.stage1;
  const Stage2Config& s2 = config.stage2;
  const bool vmsa64 = (first ? s1.format : s2.format) == Format::vmsa64;
  s.granule = !vmsa64 ? Granule::size_4k : (first ? s1.tables[range].granule : s2.granule);
  // Both may be on while only one has a meaning for this granule.
  const bool large = s.granule == Granule::size_64k;
  s.LPA = vmsa64 && large && (first ? s1.LPA : s2.LPA);
  s.DS = vmsa64 && !large && (first ? s1.DS : s2.DS);
  s.HPD = first && s1.tables[range].HPD;
  s.HD = first ? s1.HD : s2.HD;
  s.FWB = s2.FWB;
  s.XNX = s2.XNX;
  s.AFE = s1.v7s.AFE;
  s.TRE = s1.v7s.TRE;
  if (first) s.MAIR = s1.MAIR;
  s.PRRR = s1.v7s.PRRR;
  s.NMRR = s1.v7s.NMRR;
  s.DACR = s1.v7s.DACR;
  return s;
}

WalkRecord record_walk(const WalkOptions& options, std::uint64_t va, DumpMemory& memory) {
  WalkRecord record;
  record.config = options.config;
  record.request = options.request;
  record.request.va = va;
  memory.forget_writes();
  Walk w(record.config, record.request);
  while (w.step() == Step::need) {
    WalkStep step;
    step.op = w.op();
    step.input = step.op.stage == Stage::stage2 ? w.stage2_input() : va;
    step.response = memory.access(step.op);
    w.complete(step.response);
    record.steps.push_back(std::move(step));
  }
  record.result = w.result();
  for (WalkStep& step : record.steps) {
    if (!step.is_read() || step.response.status != MemoryStatus::ok) continue;
    step.explanation =
        explain(descriptor_format(record.config, step.op.stage), step.op.level, step.response.data,
                explain_settings(record.config, step.op.stage, record.result.range & 1U));
  }
  return record;
}

}  // namespace

bool walk(const std::vector<std::string>& arguments, std::istream& input, const Output& output) {
  const WalkOptions options = parse_walk_options(arguments);
  if (options.help || options.fields) {
    output.print(options.help ? walk_help() : fields_text());
    return true;
  }
  const bool colour = use_colour(options.colour, output.terminal);
  DumpMemory memory;
  for (const auto& [path, base] : options.dumps) memory.add(path, base);

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
