#include "waivers.h"

#include <fmt/format.h>

#include <algorithm>

#include "smmuvp/base/diag.h"
#include "smmuvp/base/error.h"
#include "smmuvp/base/params.h"

namespace smmuvp::platform {

Waiver parse_waiver(const std::string& text) {
  Waiver waiver;
  const std::size_t equals = text.rfind('=');
  waiver.site = text.substr(0, equals);
  if (waiver.site.find_first_of("*?") != std::string::npos)
    throw ConfigError("allow",
                      fmt::format("--allow: '{}' is a pattern; a site is named in full, and each has an "
                                  "--allow of its own",
                                  text));
  if (waiver.site.empty())
    throw ConfigError("allow", fmt::format("--allow: '{}' names no site; expected SITE or SITE=N", text));
  if (equals == std::string::npos) return waiver;
  // A site is reported so many times at most, so a larger number could not be told from that.
  constexpr std::uint64_t most = Diag::limit - 1;
  std::uint64_t count = 0;
  if (!parse_uint(text.substr(equals + 1), count) || count == 0 || count > most) {
    throw ConfigError("allow",
                      fmt::format("--allow: '{}' is no number from 1 to {}, in '{}'; without =N all of a "
                                  "site are allowed",
                                  text.substr(equals + 1), most, text));
  }
  waiver.most = count;
  return waiver;
}

Unwaived apply_waivers(const SiteCounts& sites, std::vector<Waiver>& waivers) {
  constexpr unsigned most_named = 5;
  Unwaived unwaived;
  unsigned named = 0;
  for (const auto& [where, count] : sites) {
    std::uint64_t left = count;
    for (Waiver& waiver : waivers) {
      if (!waiver.matches(where.first, where.second)) continue;
      const std::uint64_t taken = std::min(left, waiver.most ? *waiver.most - waiver.count : left);
      waiver.count += taken;
      left -= taken;
    }
    if (left == 0) continue;
    unwaived.count += left;
    if (++named > most_named) continue;
    unwaived.sites += fmt::format("{}{}:{} ({})", named == 1 ? "" : ", ", where.first, where.second, left);
  }
  if (named > most_named) unwaived.sites += ", and others";
  return unwaived;
}

}  // namespace smmuvp::platform
