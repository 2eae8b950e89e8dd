// Diagnostics that --strict is told to put up with: --allow SITE[=N].
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace smmuvp::platform {

/// How often each diagnostic was reported, by component and site.
using SiteCounts = std::map<std::pair<std::string, std::string>, std::uint64_t>;

struct Waiver {
  std::string site;                   ///< "SITE", or "COMPONENT:SITE"
  std::optional<std::uint64_t> most;  ///< how many; all without it
  std::uint64_t count = 0;            ///< how many it has waived

  bool matches(const std::string& component, const std::string& name) const {
    return site == name || site == component + ":" + name;
  }
};

/// Reads "SITE" or "SITE=N". @throws ConfigError
Waiver parse_waiver(const std::string& text);

/// What is left when waivers have taken theirs.
struct Unwaived {
  std::uint64_t count = 0;
  std::string sites;  ///< "dma0:RING_ERROR (2), …", the first five
};

/// Counts in each waiver what it takes; the first that matches and has room does.
Unwaived apply_waivers(const SiteCounts& sites, std::vector<Waiver>& waivers);

}  // namespace smmuvp::platform
