// An injector that a test tells what to do.
#pragma once

#include <string>
#include <vector>

#include "smmuvp/base/injection.h"

namespace smmuvp::at {

/// Injects into the n-th site of a place and no other.
class Script : public Injector {
 public:
  struct Seen {
    std::string of;
    unsigned stage;
    std::optional<int> level;
    std::optional<std::uint32_t> stream;
    std::optional<std::uint64_t> iova;
    std::optional<std::uint64_t> address;
  };

  void arm(InjectionPoint point, std::string what, Injection injection, unsigned nth = 1) {
    m_point = point;
    m_what = std::move(what);
    m_injection = injection;
    m_nth = nth;
    again();
  }
  /// Sites count from now on.
  void again() {
    seen.clear();
    fired = 0;
  }
  bool wants(InjectionPoint point) const override { return point == m_point; }
  Injection at(const InjectionSite& site) override {
    if (!on || site.point != m_point || site.what != m_what) return {};
    seen.push_back({std::string(site.of), site.stage, site.level, site.stream, site.iova, site.address});
    if (seen.size() != m_nth) return {};
    ++fired;
    return m_injection;
  }

  bool on = true;
  std::vector<Seen> seen;
  unsigned fired = 0;

 private:
  InjectionPoint m_point = InjectionPoint::own_access;
  std::string m_what;
  Injection m_injection;
  unsigned m_nth = 1;
};

inline Injection injected(InjectionKind kind, std::uint64_t delay_ps = 0, std::uint64_t flip = 0) {
  Injection injection;
  injection.kind = kind;
  injection.delay_ps = delay_ps;
  injection.flip[0] = flip;
  return injection;
}

}  // namespace smmuvp::at
