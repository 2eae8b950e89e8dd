// What is where in the register window, and what overlaps (IHI 0070 6.1).
#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "smmuvp/smmuv3/features.h"

namespace smmuvp::smmuv3 {

namespace {

constexpr std::uint32_t behind_page1 = 0x20000;
constexpr std::uint32_t furthest = 0x0100'0000;
constexpr SecSid states[] = {SecSid::non_secure, SecSid::secure};

/// What has a place in the window.
struct Place {
  const char* parameter;  // which moves it
  std::string what;
  std::uint32_t first;
  std::uint32_t bytes;

  std::uint64_t end() const { return std::uint64_t{first} + bytes; }
  bool overlaps(const Place& other) const { return first < other.end() && other.first < end(); }
};

// Pages of counter groups.
std::vector<Place> pmcg_pages(const PmcgFeatures& f, unsigned groups) {
  std::vector<Place> places;
  for (unsigned i = 0; f.counters != 0 && i < groups; ++i) {
    const std::string whose =
        " of the performance monitors of " + (i == 0 ? "the TCU" : "TBU " + std::to_string(i - 1));
    places.push_back({"pmcg_offset", "Page 0" + whose, f.page0(i), PmcgFeatures::page_size});
    if (!f.RELOC_CTRS) continue;
    places.push_back({"pmcg_offset", "Page 1" + whose, f.page1(i), PmcgFeatures::page_size});
  }
  return places;
}

// Pages of other features than Enhanced Command queues, where those behind Page 1 may be.
std::vector<Place> other_pages(const Features& features, unsigned groups) {
  std::vector<Place> places = pmcg_pages(features.pmcg, groups);
  for (const SecSid state : states) {
    if (!features.has_vatos(state)) continue;
    const bool secure = state == SecSid::secure;
    places.push_back({secure ? "BA_S_VATOS" : "BA_VATOS", secure ? "the S_VATOS page" : "the VATOS page",
                      features.vatos_page(state), Features::vatos_page_size});
  }
  return places;
}

// 6.3.49: they have no gaps between them.
Place control_pages_of(const Features& f, SecSid sec_sid, unsigned groups) {
  const EcmdqFeatures& e = f.ecmdqs(sec_sid);
  const std::string what = sec_sid == SecSid::secure ? "the Secure Command queue control pages"
                                                     : "the Command queue control pages";
  return {sec_sid == SecSid::secure ? "s_ecmdq_offset" : "ecmdq_offset", what,
          f.control_pages(sec_sid, groups), e.pages() * EcmdqFeatures::page_size};
}

std::string text_of(const Place& place) {
  char text[40];
  std::snprintf(text, sizeof text, " (0x%x to 0x%llx)", static_cast<unsigned>(place.first),
                static_cast<unsigned long long>(place.end() - 1));
  return place.what + text;
}

}  // namespace

std::uint32_t Features::control_pages(SecSid sec_sid, unsigned groups) const {
  if (const std::uint32_t offset = ecmdqs(sec_sid).offset; offset != 0) return offset;
  const bool secure = sec_sid == SecSid::secure;
  std::uint64_t end = behind_page1;
  for (const Place& place : other_pages(*this, groups)) end = std::max(end, place.end());
  // Where neither has a place of its own, Secure pages are behind Non-secure ones.
  const SecSid other = secure ? SecSid::non_secure : SecSid::secure;
  if (ecmdqs(other).ECMDQ && (secure || ecmdqs(other).offset != 0)) {
    end = std::max(end, control_pages_of(*this, other, groups).end());
  }
  constexpr std::uint64_t page = EcmdqFeatures::page_size;
  return static_cast<std::uint32_t>((end + page - 1) / page * page);
}

std::string Features::window_problem(unsigned groups) const {
  for (const SecSid state : states) {
    const EcmdqFeatures& e = ecmdqs(state);
    if (e.ECMDQ && (e.offset % EcmdqFeatures::page_size != 0 || e.offset > furthest ||
                    (e.offset != 0 && e.offset < behind_page1))) {
      return std::string(state == SecSid::secure ? "s_ecmdq_offset" : "ecmdq_offset") +
             " is 0, or a multiple of 64 KiB from 0x20000 to 0x1000000";
    }
  }
  // Those that nothing moves. Between 0x1000 and 0x7fff, where Arm's SMMUs have pages of counter groups,
  // there is what tells of control pages alone (6.2.1).
  std::vector<Place> places{{"", "registers of the SMMU", 0, 0x1000},
                            {"", "registers of the SMMU", 0x8000, behind_page1 - 0x8000}};
  if (ecmdq.ECMDQ) {
    places.push_back({"", "SMMU_CMDQ_CONTROL_PAGE_*", EcmdqFeatures::told(SecSid::non_secure),
                      ecmdq.pages() * EcmdqFeatures::told_stride});
  }
  const std::size_t fixed = places.size();
  for (Place& page : other_pages(*this, groups)) places.push_back(std::move(page));
  for (const SecSid state : states) {
    if (ecmdqs(state).ECMDQ) places.push_back(control_pages_of(*this, state, groups));
  }
  for (std::size_t i = fixed; i < places.size(); ++i) {
    for (std::size_t k = 0; k < i; ++k) {
      if (!places[i].overlaps(places[k])) continue;
      return std::string(places[i].parameter) + ": " + text_of(places[i]) + " and " + text_of(places[k]) +
             " overlap";
    }
  }
  return "";
}

}  // namespace smmuvp::smmuv3
