#include "fault_json.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "smmuvp/base/utf8.h"

namespace smmuvp::platform {

namespace {

using Json = nlohmann::ordered_json;

std::string hex(std::uint64_t value) { return fmt::format("{:#x}", value); }

const char* kind_name(AccessQuestion::Kind kind) {
  switch (kind) {
    case AccessQuestion::Kind::write:
      return "write";
    case AccessQuestion::Kind::atomic:
      return "atomic";
    case AccessQuestion::Kind::execute:
      return "execute";
    case AccessQuestion::Kind::read:
      break;
  }
  return "read";
}

const char* ats_name(AccessQuestion::Ats ats) {
  switch (ats) {
    case AccessQuestion::Ats::translation_request:
      return "request";
    case AccessQuestion::Ats::translated:
      return "translated";
    case AccessQuestion::Ats::none:
      break;
  }
  return "none";
}

// Of what decides, fields that are 0 may be the ones.
Json fields(const StoryStep& step) {
  Json list = Json::array();
  for (const Explanation::Field& f : step.fields) {
    if (f.value == 0 && !step.decides && !f.wrong) continue;
    Json one = {{"name", f.name},
                {"bits", f.high == f.low ? fmt::format("{}", f.high) : fmt::format("{}:{}", f.high, f.low)},
                {"value", hex(f.value)}};
    if (!f.meaning.empty()) one["meaning"] = f.meaning;
    if (f.wrong) one["wrong"] = true;
    if (f.decides) one["decides"] = true;
    list.push_back(std::move(one));
  }
  return list;
}

Json step_json(const StoryStep& step) {
  Json one = {{"what", step.what}};
  if (step.address) one["address"] = hex(*step.address);
  one["words"] = Json::array();
  for (const std::uint64_t word : step.words) one["words"].push_back(hex(word));
  one["meaning"] = to_valid_utf8(step.meaning);
  one["fields"] = fields(step);
  if (step.writer) {
    Json writer = {{"name", to_valid_utf8(step.writer->name)}};
    if (step.writer->pc) writer["pc"] = hex(*step.writer->pc);
    if (!step.writer->symbol.empty()) writer["symbol"] = to_valid_utf8(step.writer->symbol);
    writer["time_ps"] = step.writer->time_ps;
    one["writer"] = std::move(writer);
  }
  one["decides"] = step.decides;
  return one;
}

Json story_json(const Story& story) {
  Json json = {{"verdict", to_valid_utf8(story.verdict)}};
  if (!story.clause.empty()) json["clause"] = story.clause;
  json["steps"] = Json::array();
  for (const StoryStep& step : story.steps) json["steps"].push_back(step_json(step));
  json["record"] = Json::object();
  for (const auto& [name, value] : story.record) json["record"][name] = hex(value);
  json["would_be_legal"] = to_valid_utf8(story.would_be_legal);
  json["stale"] = story.stale;
  json["agrees"] = story.agrees;
  if (!story.disagrees.empty()) json["disagrees"] = to_valid_utf8(story.disagrees);
  return json;
}

}  // namespace

Json json_of(const std::vector<FaultRecord>& faults, std::uint64_t kept_events) {
  Json list = Json::array();
  for (const FaultRecord& f : faults) {
    const AccessQuestion& q = f.trace.question;
    Json one = {{"time_ps", f.time_ps}, {"source", f.source}, {"sid", hex(q.stream_id)}};
    if (q.substream_id) one["ssid"] = hex(*q.substream_id);
    one["address"] = hex(q.address);
    one["kind"] = f.kind;
    one["access"] = kind_name(q.kind);
    one["privileged"] = q.privileged;
    one["secure"] = q.secure;
    one["tbu"] = q.tbu;
    one["ats"] = ats_name(q.ats);
    one["outcome"] = f.ended ? "stall, then terminated" : f.trace.outcome;
    if (f.event && *f.event < kept_events) {
      one["event"] = *f.event;
    } else {
      one["event"] = f.event ? fmt::format("event {} of the run, which `events` has no room for", *f.event)
                             : to_valid_utf8(why_no_event(f));
    }
    one["more"] = f.more;
    if (f.more != 0) one["last_time_ps"] = f.last_time_ps;
    one["explanation"] = story_json(f.story);
    list.push_back(std::move(one));
  }
  return list;
}

}  // namespace smmuvp::platform
