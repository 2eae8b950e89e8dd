// Where Command queue control pages are in the register window (IHI 0070 6.1).
#include <algorithm>
#include <cstdio>
#include <vector>

#include "smmuvp/smmuv3/features.h"

namespace smmuvp::smmuv3 {

namespace {

constexpr std::uint32_t behind_page1 = 0x20000;
constexpr std::uint32_t furthest = 0x0100'0000;

/// What has a place in the window.
struct Place {
  std::string what;
  std::uint32_t first;
  std::uint32_t bytes;

  std::uint64_t end() const { return std::uint64_t{first} + bytes; }
  bool meets(const Place& other) const { return first < other.end() && other.first < end(); }
};

// Pages of other features.
std::vector<Place> other_pages(const Features& features, unsigned groups) {
  std::vector<Place> places;
  if (features.has_vatos(SecSid::non_secure)) {
    places.push_back({"the VATOS page", features.vatos_page(SecSid::non_secure), Features::vatos_page_size});
  }
  if (features.has_vatos(SecSid::secure)) {
    places.push_back({"the S_VATOS page", features.vatos_page(SecSid::secure), Features::vatos_page_size});
  }
  const PmcgFeatures& f = features.pmcg;
  for (unsigned i = 0; f.counters != 0 && i < groups; ++i) {
    const std::string whose = i == 0 ? "the TCU" : "TBU " + std::to_string(i - 1);
    places.push_back({"Page 0 of the performance monitors of " + whose, f.page0(i), PmcgFeatures::page_size});
    if (!f.RELOC_CTRS) continue;
    places.push_back({"Page 1 of the performance monitors of " + whose, f.page1(i), PmcgFeatures::page_size});
  }
  return places;
}

// 6.3.49: they have no gaps between them.
Place pages_of(const Features& f, SecSid sec_sid, unsigned groups) {
  const EcmdqFeatures& e = f.ecmdqs(sec_sid);
  const std::string what = sec_sid == SecSid::secure ? "the Secure Command queue control pages"
                                                     : "the Command queue control pages";
  return {what, f.control_pages(sec_sid, groups), e.pages() * EcmdqFeatures::page_size};
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
    end = std::max(end, pages_of(*this, other, groups).end());
  }
  constexpr std::uint64_t page = EcmdqFeatures::page_size;
  return static_cast<std::uint32_t>((end + page - 1) / page * page);
}

std::string Features::control_pages_problem(unsigned groups) const {
  const std::vector<Place> pages = other_pages(*this, groups);
  for (const SecSid sec_sid : {SecSid::non_secure, SecSid::secure}) {
    const EcmdqFeatures& e = ecmdqs(sec_sid);
    if (!e.ECMDQ) continue;
    const bool secure = sec_sid == SecSid::secure;
    const std::string parameter = secure ? "s_ecmdq_offset" : "ecmdq_offset";
    if (e.offset % EcmdqFeatures::page_size != 0 || e.offset > furthest ||
        (e.offset != 0 && e.offset < behind_page1)) {
      return parameter + " is 0, or a multiple of 64 KiB from 0x20000 to 0x1000000";
    }
    const Place own = pages_of(*this, sec_sid, groups);
    // 6.2.1: what tells of the pages, 32 bytes each
    const Place told{secure ? "SMMU_S_CMDQ_CONTROL_PAGE_*" : "SMMU_CMDQ_CONTROL_PAGE_*",
                     secure ? 0xc000U : 0x4000U, e.pages() * 32};
    for (const Place& page : pages) {
      if (page.meets(own)) return parameter + ": " + text_of(own) + " meet " + text_of(page);
      if (page.meets(told)) return "pmcg_offset: " + text_of(page) + " meets " + text_of(told);
    }
  }
  if (!ecmdq.ECMDQ || !s_ecmdq.ECMDQ) return "";
  const Place own = pages_of(*this, SecSid::non_secure, groups);
  const Place secure = pages_of(*this, SecSid::secure, groups);
  return own.meets(secure) ? "s_ecmdq_offset: " + text_of(secure) + " meet " + text_of(own) : "";
}

}  // namespace smmuvp::smmuv3
