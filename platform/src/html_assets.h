// The files of platform/html, which the build puts into the program.
#pragma once
#include <string_view>

namespace smmuvp::platform::html_assets {

extern const std::string_view report_html;  ///< the page, with marks "<!--@NAME@-->" where something goes
extern const std::string_view report_css;
extern const std::string_view report_js;  ///< of all scripts, in order

}  // namespace smmuvp::platform::html_assets
