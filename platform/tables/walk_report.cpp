#include "walk_report.h"

#include <fmt/format.h>

#include "command_line.h"
#include "config_fields.h"

namespace smmuvp::tables {

using namespace pgtable;
using json = nlohmann::ordered_json;

namespace {

unsigned stage_number(Stage stage) { return stage == Stage::stage1 ? 1 : 2; }

std::string memory_text(const WalkRecord& r) {
  const Attributes& a = r.result.attributes;
  if (r.config.stages == Stages::stage1 && r.config.stage1.format == Format::mali_lpae) {
    return fmt::format("MEMATTR {:#04x}", a.memory);
  }
  return fmt::format("{}, {}", memory_words(a.memory), shareability_words(effective_shareability(a)));
}

bool is_v7s(const WalkRecord& r, const WalkStep& s) {
  return s.op.stage == Stage::stage1 && r.config.stage1.format == Format::v7s;
}

std::string value_words(const WalkRecord& r, const WalkStep& s) {
  if (s.response.status != MemoryStatus::ok) return "-";
  return fmt::format("{:#0{}x}", s.is_read() ? s.response.data : s.op.desired, is_v7s(r, s) ? 10 : 18);
}

// What a step found, and what comes of it.
Row outcome(const WalkStep& s) {
  if (s.response.status == MemoryStatus::external_abort) {
    return {fmt::format("no dump holds {:#x}: external abort", s.op.address), ""};
  }
  if (!s.is_read()) {
    if (!s.is_update()) return {"hardware update refused: the descriptor has changed", ""};
    return {fmt::format("hardware update of {:#x}", s.op.expected), ""};
  }
  if (!s.explanation) return {"", ""};
  const Explanation& e = *s.explanation;
  std::string what = to_string(e.kind);
  if (e.is_leaf()) what += ", " + size_words(e.size_shift);
  if (e.wrong()) what += " (!)";
  return {what, e.address ? fmt::format("{:#x}", *e.address) : ""};
}

// As fault_reason(), in the words of whoever has dumps and options.
std::string reason_of(const WalkRecord& r) {
  const Fault& f = r.result.fault;
  if (f.kind == FaultKind::external_abort) return fmt::format("no dump holds {:#x}", f.table_address);
  std::string reason = fault_reason(r);
  if (is_range_disabled(r)) reason += fmt::format(", or no --ttbr{} was given", r.result.range);
  return reason;
}

void add_translation(const WalkRecord& r, bool colour, std::vector<Row>& rows) {
  const Result& result = r.result;
  const bool v7s = r.config.stages != Stages::stage2 && r.config.stage1.format == Format::v7s;
  rows.push_back({"output", green(fmt::format("{:#x}", result.output), colour) +
                                fmt::format(" {}", space_words(result.space))});
  if (r.config.stages == Stages::nested) rows.push_back({"IPA", fmt::format("{:#x}", result.ipa)});
  const std::uint64_t size = std::uint64_t{1} << result.block_shift;
  std::string maps = fmt::format("{} at {:#x}", size_words(result.block_shift), result.output & ~(size - 1));
  if (result.range_shift > result.block_shift) {
    maps += fmt::format(", one of {} contiguous", size_words(result.range_shift));
  }
  rows.push_back({"maps", maps});
  rows.push_back({"rights", rights_words(result.rights)});
  if (result.rights.has(Rights::write_needs_update)) {
    rows.push_back({"", "the first write marks the descriptor dirty"});
  }
  rows.push_back({"memory", memory_text(r)});
  if (r.config.stages != Stages::stage2) rows.push_back({"global", result.nG ? "no" : "yes"});
  if (v7s) rows.push_back({"domain", std::to_string(result.domain)});
}

void add_fault(const WalkRecord& r, bool colour, std::vector<Row>& rows) {
  const Fault& f = r.result.fault;
  rows.push_back({"fault", red(fault_words(f), colour)});
  if (f.stage == Stage::stage2) {
    rows.push_back({"IPA", fmt::format("{:#x}{}", f.ipa,
                                       f.on_table_walk ? ", the address of a stage 1 descriptor" : "")});
  }
  const std::string reason = reason_of(r);
  if (!reason.empty()) rows.push_back({"why", reason});
}

}  // namespace

std::string walk_text(const WalkRecord& r, bool colour) {
  const bool stage2_alone = r.config.stages == Stages::stage2;
  std::string text =
      bold(fmt::format("{} {:#x}: {}, {}", stage2_alone ? "IPA" : "VA", r.request.va,
                       access_words(r.request.access), r.request.privileged ? "privileged" : "unprivileged"),
           colour) +
      "\n";
  const bool nested = r.config.stages == Stages::nested;
  if (!r.steps.empty()) {
    std::vector<Row> rows{{"step", "stage", "level"}};
    if (nested) rows[0].emplace_back("of");
    for (const char* title : {"descriptor at", "value", "what it is", "next"}) rows[0].emplace_back(title);
    for (std::size_t i = 0; i < r.steps.size(); ++i) {
      const WalkStep& s = r.steps[i];
      Row row{std::to_string(i + 1), std::to_string(stage_number(s.op.stage)), std::to_string(s.op.level)};
      if (nested) {
        row.push_back(fmt::format("{} {:#x}", s.op.stage == Stage::stage1 ? "VA" : "IPA", s.input));
      }
      row.push_back(fmt::format("{:#x}", s.op.address));
      row.push_back(value_words(r, s));
      for (std::string& column : outcome(s)) row.push_back(std::move(column));
      rows.push_back(std::move(row));
    }
    for (const std::string& line : columns(rows)) text += "  " + line + "\n";
  }
  std::vector<Row> rows;
  if (r.result.ok()) {
    add_translation(r, colour, rows);
  } else {
    add_fault(r, colour, rows);
  }
  for (const std::string& line : columns(rows)) text += "  " + line + "\n";
  return text;
}

nlohmann::ordered_json walk_json(const WalkRecord& r) {
  const auto hex = [](std::uint64_t value) { return fmt::format("{:#x}", value); };
  const Result& result = r.result;
  json steps = json::array();
  for (const WalkStep& s : r.steps) {
    json j = {{"stage", stage_number(s.op.stage)},
              {"level", s.op.level},
              {"operation", s.is_read() ? "read" : "compare-and-swap"},
              {"input", hex(s.input)},
              {"address", hex(s.op.address)}};
    if (s.response.status != MemoryStatus::ok) {
      j["status"] = "external abort";
    } else if (s.is_read()) {
      j["value"] = hex(s.response.data);
    } else {
      j["before"] = hex(s.op.expected);
      j["after"] = hex(s.op.desired);
      j["done"] = s.is_update();
    }
    if (s.explanation) {
      j["kind"] = to_string(s.explanation->kind);
      j["title"] = s.explanation->title;
      if (s.explanation->address) j["next"] = hex(*s.explanation->address);
      j["wrong"] = s.explanation->wrong();
    }
    steps.push_back(std::move(j));
  }
  json j = {{"va", hex(r.request.va)},
            {"access", access_words(r.request.access)},
            {"privileged", r.request.privileged},
            {"steps", std::move(steps)}};
  if (!result.ok()) {
    const Fault& f = result.fault;
    j["fault"] = {{"kind", to_string(f.kind)},
                  {"stage", stage_number(f.stage)},
                  {"level", f.level},
                  {"class", f.fault_class == FaultClass::table ? "table" : "input"},
                  {"on_table_walk", f.on_table_walk}};
    if (f.stage == Stage::stage2) j["fault"]["ipa"] = hex(f.ipa);
    if (f.table_address != 0) j["fault"]["table_address"] = hex(f.table_address);
    const std::string reason = reason_of(r);
    if (!reason.empty()) j["fault"]["why"] = reason;
    return j;
  }
  j["translation"] = {{"output", hex(result.output)},
                      {"space", space_words(result.space)},
                      {"block_size", std::uint64_t{1} << result.block_shift},
                      {"range_size", std::uint64_t{1} << result.range_shift},
                      {"privileged", rights_words(result.rights, true)},
                      {"unprivileged", rights_words(result.rights, false)},
                      {"write_needs_update", result.rights.has(Rights::write_needs_update)},
                      {"memory", memory_text(r)},
                      {"memory_encoding", fmt::format("{:#04x}", result.attributes.memory)},
                      {"nG", result.nG}};
  if (r.config.stages == Stages::nested) j["translation"]["ipa"] = hex(result.ipa);
  return j;
}

nlohmann::ordered_json config_json(const Config& config) {
  json j = json::object();
  for (const ConfigField& f : config_fields()) j[f.name] = f.get(config);
  return j;
}

}  // namespace smmuvp::tables
