#include "common_points.h"

#include <fmt/format.h>

#include "smmuvp/pgtable/explain.h"

namespace smmuvp::coverage {

using pgtable::DescriptorFormat;

namespace {

std::string leaf_name(std::string_view format, std::uint64_t stage, std::uint64_t granule,
                      std::uint64_t level) {
  return fmt::format("{}/stage{}/{}KiB/level{}", format, stage, (std::uint64_t{1} << (granule & 31)) / 1024,
                     level);
}

struct LeafFormat {
  DescriptorFormat format;
  const char* name;  // of the trace point
  unsigned stage;
};
constexpr LeafFormat leaf_formats[] = {
    {DescriptorFormat::lpae64_s1, "vmsa64", 1}, {DescriptorFormat::lpae64_s2, "vmsa64", 2},
    {DescriptorFormat::lpae32_s1, "lpae32", 1}, {DescriptorFormat::lpae32_s2, "lpae32", 2},
    {DescriptorFormat::v7s, "v7s", 1},
};

// The leaf that a level can hold, in words; empty: it has tables alone.
std::string leaf_at(const LeafFormat& f, int level, const pgtable::ExplainSettings& settings) {
  for (const std::uint64_t type : {1U, 2U, 3U}) {
    const auto told = pgtable::explain(f.format, level, type, settings);
    if (told && told->is_leaf())
      return fmt::format("{}, {}", pgtable::to_string(told->kind), pgtable::size_words(told->size_shift));
  }
  return "";
}

}  // namespace

LeafPoints::LeafPoints(const std::string& smmu, bool short_descriptors, std::vector<Point>& points) {
  for (const LeafFormat& f : leaf_formats) {
    const bool v7s = f.format == DescriptorFormat::v7s;
    if (v7s && !short_descriptors) continue;
    const bool vmsa64 = f.name == std::string_view("vmsa64");
    for (const auto granule :
         {pgtable::Granule::size_4k, pgtable::Granule::size_16k, pgtable::Granule::size_64k}) {
      if (!vmsa64 && granule != pgtable::Granule::size_4k) continue;
      pgtable::ExplainSettings settings;
      settings.granule = granule;
      // An SMMUv2 has no 52-bit addresses.
      const bool wide = vmsa64 && smmu == "smmuv3";
      settings.LPA = wide && granule == pgtable::Granule::size_64k;
      settings.DS = wide && granule != pgtable::Granule::size_64k;
      for (const int level : pgtable::descriptor_levels(f.format, settings)) {
        const std::string what = leaf_at(f, level, settings);
        if (what.empty() || level < 0) continue;
        const std::string name =
            leaf_name(f.name, f.stage, static_cast<unsigned>(granule), static_cast<unsigned>(level));
        m_at[name] = points.size();
        const char* clause = vmsa64 ? "DDI 0487 D8.3" : v7s ? "DDI 0487 G5.4" : "DDI 0487 G5.5";
        points.push_back({fmt::format("{}/leaf/{}", smmu, name), clause, what});
      }
    }
  }
  for (const char* stages : {"stage1", "stage2", "nested"}) {
    m_at[stages] = points.size();
    points.push_back({smmu + "/walk/" + stages, smmu == "smmuv3" ? "IHI 0070 3.3" : "IHI 0062 2.1",
                      "a walk has ended with a translation"});
  }
  m_at["contiguous"] = points.size();
  points.push_back({smmu + "/leaf/contiguous", "DDI 0487 D8.7.1", "a leaf stands for a contiguous range"});
}

void LeafPoints::count(const TraceValue* values, std::vector<std::uint64_t>& counts) const {
  const auto one = [&](const std::string& name) {
    if (const auto at = m_at.find(name); at != m_at.end()) ++counts[at->second];
  };
  one(leaf_name(values[2].text, values[1].number, values[3].number, values[4].number));
  // Of a nested walk, which is told of twice, once.
  if (values[0].text != "nested" || values[1].number == 2) one(std::string(values[0].text));
  if (values[5].number != 0) one("contiguous");
}

void RegisterPoints::add(const std::string& smmu, const RegisterInfo& row, std::vector<Point>& points) {
  if (m_at.count(row.name) != 0) return;
  // Writes of what is read-only are no use of it.
  const bool has_write = row.access != Access::RO && row.access != Access::AckMirror;
  m_at[row.name] = {points.size(), has_write};
  const std::string name = fmt::format("{}/register/{}/", smmu, row.name);
  points.push_back({name + "read", row.clause, "software has read it"});
  if (has_write) points.push_back({name + "write", row.clause, "software has written it"});
}

const std::string& RegisterPoints::name_of(std::string_view name) {
  const auto [at, is_new] = m_canonical.try_emplace(std::string(name));
  if (!is_new) return at->second;
  // Registers of performance monitor groups: "pmcg1.SMMU_PMCG_CR".
  const std::string plain(name.substr(name.find('.') == std::string_view::npos ? 0 : name.find('.') + 1));
  if (m_at.count(plain) != 0) return at->second = plain;
  // An element: the table has "n" for its index.
  for (std::size_t i = plain.find_first_of("0123456789"); i != std::string::npos;
       i = plain.find_first_of("0123456789", i + 1)) {
    if (i != 0 && std::string("0123456789").find(plain[i - 1]) != std::string::npos) continue;
    const std::size_t end = std::min(plain.find_first_not_of("0123456789", i), plain.size());
    const std::string general = plain.substr(0, i) + "n" + plain.substr(end);
    if (m_at.count(general) != 0) return at->second = general;
  }
  return at->second;
}

void RegisterPoints::count(std::string_view name, bool write, std::vector<std::uint64_t>& counts) {
  const std::string& canonical = name_of(name);
  if (canonical.empty()) return;
  const Place& place = m_at[canonical];
  if (!write || place.has_write) ++counts[place.read + (write ? 1 : 0)];
}

void InvalidationPoints::add(const std::string& smmu, const std::string& name, const std::string& clause,
                             std::vector<Point>& points) {
  if (m_at.count(name) != 0) return;
  m_at[name] = points.size();
  points.push_back(
      {fmt::format("{}/invalidation/{}/none", smmu, name), clause, "no TLB entry was taken away"});
  points.push_back(
      {fmt::format("{}/invalidation/{}/some", smmu, name), clause, "TLB entries were taken away"});
}

void InvalidationPoints::count(std::string_view name, std::uint64_t entries,
                               std::vector<std::uint64_t>& counts) const {
  if (const auto at = m_at.find(std::string(name)); at != m_at.end())
    ++counts[at->second + (entries != 0 ? 1 : 0)];
}

}  // namespace smmuvp::coverage
