#include "coverage.h"

#include <fmt/format.h>

#include <algorithm>

#include <nlohmann/json.hpp>

namespace smmuvp::coverage {

namespace {

using Json = nlohmann::ordered_json;

// Of two programs whose points differ, counts cannot be added up.
std::string fingerprint(const std::vector<std::unique_ptr<SmmuCoverage>>& kinds) {
  std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
  for (const auto& kind : kinds) {
    for (const Point& p : kind->points()) {
      for (const char c : p.name + "\n") hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    }
  }
  return fmt::format("{:016x}", hash);
}

std::vector<std::unique_ptr<SmmuCoverage>> make_kinds() {
  std::vector<std::unique_ptr<SmmuCoverage>> kinds;
  kinds.push_back(make_smmuv3_coverage());
  kinds.push_back(make_smmuv2_coverage());
  return kinds;
}

}  // namespace

std::size_t SmmuCoverage::add(std::string name, std::string clause, std::string meaning) {
  m_points.push_back({std::move(name), std::move(clause), std::move(meaning)});
  return m_points.size() - 1;
}

Coverage::Coverage() : m_kinds(make_kinds()) {}

void Coverage::add(const std::string& name, const std::string& kind) {
  if (kind == "smmuv3") m_sources[name] = m_kinds[0].get();
  if (kind == "smmuv2") m_sources[name] = m_kinds[1].get();
}

bool Coverage::wants(std::string_view, std::string_view point) {
  return std::any_of(m_kinds.begin(), m_kinds.end(), [&](const auto& kind) { return kind->wants(point); });
}

void Coverage::record(std::uint64_t, std::string_view source, std::string_view point,
                      const TraceValue* values, std::size_t) {
  const auto at = m_sources.find(source);
  if (at != m_sources.end() && at->second->wants(point)) at->second->record(source, point, values);
}

std::string Coverage::json(const std::string& run, const std::string& version) const {
  Json json = {{"schema", "smmu-vp-coverage-1"},
               {"version", version},
               {"points", fingerprint(m_kinds)},
               {"runs", Json::array({run})}};
  json["smmus"] = Json::object();
  for (const auto& [name, kind] : m_sources)
    json["smmus"][name] = kind == m_kinds[0].get() ? "smmuv3" : "smmuv2";
  std::map<std::string, std::uint64_t> hits;
  for (const auto& kind : m_kinds) {
    for (std::size_t i = 0; i < kind->points().size(); ++i) {
      if (kind->counts()[i] != 0) hits[kind->points()[i].name] = kind->counts()[i];
    }
  }
  json["hits"] = Json::object();
  for (const auto& [name, count] : hits) json["hits"][name] = count;
  return json.dump(1) + "\n";
}

std::string points_json(const std::string& version) {
  const auto kinds = make_kinds();
  Json json = {{"schema", "smmu-vp-coverage-points-1"}, {"version", version}, {"points", fingerprint(kinds)}};
  json["list"] = Json::array();
  for (const auto& kind : kinds) {
    for (const Point& p : kind->points())
      json["list"].push_back({{"name", p.name}, {"clause", p.clause}, {"meaning", p.meaning}});
  }
  return json.dump(1) + "\n";
}

std::string points_table() {
  const auto kinds = make_kinds();
  std::size_t name = 0;
  std::size_t clause = 0;
  for (const auto& kind : kinds) {
    for (const Point& p : kind->points()) {
      name = std::max(name, p.name.size());
      clause = std::max(clause, p.clause.size());
    }
  }
  std::string text;
  for (const auto& kind : kinds) {
    for (const Point& p : kind->points()) {
      std::string line = fmt::format("{:<{}}  {:<{}}  {}", p.name, name, p.clause, clause, p.meaning);
      text += line.erase(line.find_last_not_of(' ') + 1) + "\n";
    }
  }
  return text;
}

}  // namespace smmuvp::coverage
